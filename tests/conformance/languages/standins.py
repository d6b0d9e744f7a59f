"""The bases that the examples stand on: Debian's packages, or scripts, under other images' names.

A base is a row of BASES: the packages that are in it, the files of bases/ that stand in for what
Debian does not have, and its configuration. Each is made once per user, as an archive that docker
and skopeo load; its name holds a digest of all that went into it but the versions of packages.
IMAGES says which names it goes by.
"""

import base64
import gzip
import hashlib
import inspect
import io
import json
import os
import subprocess
import tarfile
import zipfile

import debs

HERE = os.path.dirname(os.path.abspath(__file__))
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
PASSWD = ("root:x:0:0:root:/root:/bin/sh\ndaemon:x:1:1:daemon:/usr/sbin:/bin/false\n"
          "nobody:x:65534:65534:nobody:/:/bin/false\n")
GROUP = "root:x:0:\ndaemon:x:1:\nnogroup:x:65533:\n"
SHARE = "usr/share/stand-in/"
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"


def files(layer, *names):
    for name in names:
        with open("%s/bases/files/%s" % (HERE, name), "rb") as file:
            layer.file("usr/local/bin/" + name, file.read(), 0o755)


def alpine(layer, _apt):
    """What Alpine has beside busybox; and the package ca-certificates, to be added."""
    files(layer, "apk", "addgroup", "adduser")
    if os.access(BUNDLE, os.R_OK):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            with open(BUNDLE, "rb") as file:
                data = file.read()
            info = tarfile.TarInfo("etc/ssl/certs/ca-certificates.crt")
            info.size, info.mode = len(data), 0o644
            tar.addfile(info, io.BytesIO(data))
        layer.file(SHARE + "apk/ca-certificates.tar", out.getvalue())


def npm(layer, _apt):
    """A quiet npm, and the packages that the examples depend on, as npm packs them."""
    layer.file("etc/npmrc", b"audit=false\nfund=false\nupdate-notifier=false\n"
               b"cafile=" + BUNDLE.encode() + b"\n")
    if os.access(BUNDLE, os.R_OK):  # trusts what this machine trusts
        with open(BUNDLE, "rb") as file:
            layer.file(BUNDLE[1:], file.read())
    for package in sorted(os.listdir(HERE + "/bases/npm")):
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name in sorted(os.listdir("%s/bases/npm/%s" % (HERE, package))):
                with open("%s/bases/npm/%s/%s" % (HERE, package, name), "rb") as file:
                    data = file.read()
                info = tarfile.TarInfo("package/" + name)
                info.size, info.mode = len(data), 0o644
                tar.addfile(info, io.BytesIO(data))
        layer.file("%snpm/%s.tgz" % (SHARE, package), gzip.compress(out.getvalue(), 0, mtime=0))


# name: (Debian packages, what it needs; Debian takes that out of what pip reads)
WHEELS = {
    "flask": ("python3-flask", "Werkzeug Jinja2 itsdangerous click"),
    "Werkzeug": ("python3-werkzeug", "MarkupSafe"),
    "Jinja2": ("python3-jinja2", "MarkupSafe"),
    "itsdangerous": ("python3-itsdangerous", ""),
    "click": ("python3-click", ""),
    "MarkupSafe": ("python3-markupsafe", ""),
    "gunicorn": ("gunicorn python3-gunicorn", "setuptools"),
    "setuptools": ("python3-setuptools python3-pkg-resources", ""),
}
TOP = "usr/lib/python3/dist-packages/"
TAG = "py3-none-any"


def wheel(found, needs):
    """The wheel of an unpacked Debian package: (file name, bytes)."""
    meta = next(name for name in sorted(found) if name.endswith(
        (".dist-info/METADATA", ".egg-info/PKG-INFO", ".egg-info")) and name.count("/") <= 1)
    text = found[meta]
    words = dict(line.split(": ", 1) for line in text.decode().split("\n\n")[0].splitlines()
                 if ": " in line and line[0] not in " \t")
    info = "%s-%s.dist-info/" % (words["Name"].replace("-", "_"), words["Version"])
    kept = {name: data for name, data in found.items()
            if "-info/" not in name and not name.endswith("-info")}
    entry = os.path.dirname(meta) + "/entry_points.txt"
    if entry in found:
        kept[info + "entry_points.txt"] = found[entry]
    head, _, body = text.partition(b"\n\n")
    text = head + "".join("\nRequires-Dist: " + need for need in needs).encode() + b"\n\n" + body
    kept[info + "METADATA"] = text
    kept[info + "WHEEL"] = ("Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: %s\n"
                            % TAG).encode()
    record = "".join("%s,sha256=%s,%d\n" % (
        name, base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("="), len(data))
                     for name, data in sorted(kept.items()))
    kept[info + "RECORD"] = (record + info + "RECORD,,\n").encode()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, data in sorted(kept.items()):
            archive.writestr(zipfile.ZipInfo(name), data)
    return "%s-%s-%s.whl" % (words["Name"].replace("-", "_"), words["Version"], TAG), out.getvalue()


def pip(layer, apt):
    """A directory of wheels, made of Debian's packages, which pip is told to use instead of PyPI."""
    paths = apt.fetch(sorted({word for words, _ in WHEELS.values() for word in words.split()}))
    for words, needs in WHEELS.values():
        found = {}
        for path in paths:
            if os.path.basename(path).split("_")[0] in words.split():
                for member, data in debs.members(path):
                    name = debs.placed(member.name) or ""
                    if name.startswith(TOP) and data is not None:
                        found[name[len(TOP):]] = data
        name, data = wheel(found, needs.split())
        layer.file(SHARE + "wheels/" + name, data)
    layer.file("etc/pip.conf", b"[global]\nno-index = true\nfind-links = /usr/share/stand-in/wheels\n"
               b"break-system-packages = true\ndisable-pip-version-check = true\n")
    layer.link("usr/bin/python", "python3")


def sdk(layer, _apt):
    files(layer, "dotnet")
    # The real one weighs more than its runtime too.
    layer.file(SHARE + "dotnet-sdk/weight", hashlib.shake_256(b"sdk").digest(4 << 20))


def aspnet(layer, _apt):
    files(layer, "dotnet")


def golang(layer, _apt):
    """What update-alternatives would have linked, and a module proxy in a directory."""
    layer.link("usr/bin/cc", "gcc")
    root = HERE + "/bases/go"
    for module in sorted(os.listdir(root)):
        path, version = module.split("@")
        path = path.replace("+", "/")
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
            for name in sorted(os.listdir("%s/%s" % (root, module))):
                with open("%s/%s/%s" % (root, module, name), "rb") as file:
                    archive.writestr(zipfile.ZipInfo("%s@%s/%s" % (path, version, name)), file.read())
        where = "%sgoproxy/%s/@v/" % (SHARE, path)
        with open("%s/%s/go.mod" % (root, module), "rb") as file:
            layer.file(where + version + ".mod", file.read())
        layer.file(where + version + ".info", json.dumps(
            {"Version": version, "Time": "2026-01-01T00:00:00Z"}).encode())
        layer.file(where + version + ".zip", out.getvalue())
        layer.file(where + "list", (version + "\n").encode())


def jre(layer, _apt):
    layer.link("usr/bin/java", "/usr/lib/jvm/java-17-openjdk-%s/bin/java" % architecture())


def maven(layer, apt):
    """Maven as Debian builds with it: offline, out of Debian's own repository."""
    jre(layer, apt)
    layer.link("usr/bin/javac", "/usr/lib/jvm/java-17-openjdk-%s/bin/javac" % architecture())
    layer.link("usr/bin/mvn", "/usr/share/maven/bin/mvn")
    layer.file("root/.m2/settings.xml", b"<settings><localRepository>/usr/share/maven-repo"
               b"</localRepository><offline>true</offline></settings>\n")


MAVEN = ("maven openjdk-17-jdk-headless libmaven-dependency-plugin-java libmaven-compiler-plugin-java"
         " libmaven-jar-plugin-java libmaven-resources-plugin-java libmaven-clean-plugin-java"
         " libsurefire-java libmaven-site-plugin-java libmaven-install-plugin-java"
         " libmaven-deploy-plugin-java")
# name: (packages, what is added, more of the environment)
BASES = {
    "alpine": ("", [alpine], []),
    "node-alpine": ("nodejs", [alpine], []),
    "node-slim": ("nodejs npm", [npm], []),
    "node": ("nodejs npm gcc g++ make git", [npm], []),
    "python": ("python3 python3-pip gcc libc6-dev", [pip], []),
    "python-alpine": ("python3", [alpine], []),
    "python-slim": ("", [], []),
    "golang": ("golang-go gcc libc6-dev git make", [alpine, golang],
               ["GOPROXY=file:///usr/share/stand-in/goproxy", "GONOSUMDB=*", "GOFLAGS=-mod=mod",
                "GOTOOLCHAIN=local"]),
    "maven": (MAVEN, [maven], []),
    "jre": ("openjdk-17-jre-headless", [alpine, jre], []),
    "dotnet-sdk": ("", [sdk], []),
    "dotnet-aspnet": ("", [aspnet], []),
}
# What stands under which name; the words are for the table.
IMAGES = {
    "alpine:latest": "alpine",
    "node:18": "node", "node:18-alpine": "node-alpine",
    "node:21": "node", "node:21-slim": "node-slim",
    "python:3.9": "python", "python:3.9-alpine": "python-alpine",
    "python:3.11-slim": "python-slim",
    "golang:1.17": "golang", "golang:1.20": "golang", "golang:1.21-alpine": "golang",
    "maven:3.8.4-openjdk-11-slim": "maven", "maven:3.9-eclipse-temurin-17": "maven",
    "adoptopenjdk:11-jre-hotspot": "jre", "eclipse-temurin:17-jre-alpine": "jre",
    "mcr.microsoft.com/dotnet/sdk:8.0": "dotnet-sdk",
    "mcr.microsoft.com/dotnet/aspnet:8.0": "dotnet-aspnet",
}
WORDS = {
    "alpine": "busybox, a script `apk`", "node-alpine": "Debian's nodejs on busybox",
    "node": "Debian's nodejs, npm, gcc on busybox", "node-slim": "Debian's nodejs and npm on busybox",
    "python": "Debian's python3, pip, gcc on busybox, wheels of Debian's packages",
    "python-alpine": "Debian's python3 on busybox",
    "python-slim": "Debian with apt, python3 and pip (mmdebstrap), wheels of Debian's packages",
    "golang": "Debian's golang-go on busybox, a module proxy in a directory, a script `apk`",
    "maven": "Debian's maven and its repository, openjdk-17 on busybox",
    "jre": "Debian's openjdk-17-jre on busybox",
    "dotnet-sdk": "a script `dotnet`", "dotnet-aspnet": "a script `dotnet`",
}


def architecture():
    return ARCHITECTURES.get(os.uname().machine, os.uname().machine)


def busybox(layer):
    """The frame of a system, with busybox where the packages brought nothing better."""
    for name in "dev etc home proc sys usr usr/bin usr/sbin usr/lib usr/local usr/local/bin var".split():
        layer.directory(name)
    layer.directory("root", 0o700)
    layer.directory("tmp", 0o1777)
    for name in "bin sbin lib".split():
        layer.link(name, "usr/" + name)
    with open("/bin/busybox", "rb") as program:
        layer.file("usr/bin/busybox", program.read(), 0o755)
    applets = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True)
    for name in sorted(applets.stdout.split()):
        layer.link("usr/bin/" + name, "busybox")
    layer.file("etc/passwd", PASSWD.encode())
    layer.file("etc/group", GROUP.encode())


def unpacked(path, name, apt):
    """The layer of a base whose packages are unpacked onto busybox."""
    packages, adds, _ = BASES[name]
    layer = debs.Layer(path)
    layer.directory("usr")
    layer.directory("usr/lib64") if packages else None
    layer.link("lib64", "usr/lib64") if packages else None
    for add in adds:
        add(layer, apt)
    for package in apt.fetch(packages.split()) if packages else []:
        layer.package(package)
    busybox(layer)
    layer.close()


def bootstrapped(path, apt):
    """The layer of a whole small Debian, whose apt works, with pip's wheels on top."""
    try:
        done = subprocess.run(
            ["mmdebstrap", "--quiet", "--variant=minbase", "--include=python3,python3-pip",
             "--include=ca-certificates", "--format=tar", debs.release(), path], check=False,
            capture_output=True, text=True)
    except FileNotFoundError as error:
        raise debs.Missing("there is no mmdebstrap") from error
    if done.returncode:
        raise debs.Missing("mmdebstrap: %s" % done.stderr.strip().split("\n")[-1])
    wheels = path + ".wheels"
    layer = debs.Layer(wheels)
    pip(layer, apt)
    layer.close()
    return wheels


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def archive(path, layers, name):
    """Writes the docker archive of an image."""
    image = json.dumps({
        "architecture": architecture(), "os": "linux", "created": "2026-01-01T00:00:00Z",
        "config": {"Env": [PATH] + BASES[name][2], "Cmd": ["sh"]},
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + digest(layer) for layer in layers]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "stand-in " + name}
                    for _ in layers]}).encode()
    manifest = json.dumps([{
        "Config": "config.json", "RepoTags": ["stand-in:" + name],
        "Layers": ["%d.tar" % i for i in range(len(layers))]}]).encode()
    with tarfile.open(path, "w") as tar:
        for i, layer in enumerate(layers):
            tar.add(layer, "%d.tar" % i)
        for file, text in (("config.json", image), ("manifest.json", manifest)):
            info = tarfile.TarInfo(file)
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))


def recipe(name):
    """A digest of what a base is made of: its row, the code that makes it, the files of bases/."""
    packages, adds, env = BASES[name]
    code = [inspect.getsource(part) for part in [*adds, busybox, unpacked, archive, debs.placed]]
    parts = hashlib.sha256(json.dumps([debs.release(), name, packages, env, code]).encode())
    if pip in adds or name == "python-slim":
        parts.update((inspect.getsource(bootstrapped) + inspect.getsource(wheel) + repr(WHEELS)).encode())
    for directory, below, names in os.walk(HERE + "/bases"):
        below.sort()
        for file in sorted(names):
            with open(directory + "/" + file, "rb") as text:
                parts.update(file.encode() + text.read())
    return parts.hexdigest()[:16]


def make(path, name, apt):
    """Writes the archive of a base."""
    layers = [path + ".layer"]
    try:
        if name == "python-slim":
            layers.append(bootstrapped(layers[0], apt))
        else:
            unpacked(layers[0], name, apt)
        archive(path + ".new", layers, name)
        os.rename(path + ".new", path)
    finally:
        for left in (path + ".layer", path + ".layer.wheels", path + ".new"):
            if os.path.exists(left):
                os.unlink(left)
