"""The bases that the cases stand on, made of Debian's busybox-static and nothing else.

    busybox     the shell and its tools, some users and groups
    fat         busybox with something in every key of the config
    trigger     busybox with ONBUILD instructions

Each is written as an archive that docker and skopeo load. The bytes are the same everywhere where
the package busybox-static is.
"""

import hashlib
import io
import json
import os
import subprocess
import tarfile

ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
PASSWD = """root:x:0:0:root:/root:/bin/sh
daemon:x:1:1:daemon:/usr/sbin:/bin/false
www-data:x:33:33:www-data:/var/www:/bin/false
app:x:1000:1001:an application:/home/app:/bin/sh
nobody:x:65534:65534:nobody:/home:/bin/false
"""
GROUP = """root:x:0:
daemon:x:1:
www-data:x:33:
staff:x:50:app
extra:x:2000:app
app:x:1001:
nogroup:x:65534:
"""
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CONFIGS = {
    "busybox": {"Env": [PATH], "Cmd": ["sh"]},
    "fat": {
        "Env": [PATH, "COLOR=green", "EMPTY=", "QUOTED=a \"b\" 'c' $d"],
        "Entrypoint": ["/bin/echo", "fat"], "Cmd": ["default", "words"], "WorkingDir": "/home/app",
        "User": "app", "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Volumes": {"/data": {}},
        "Labels": {"maker": "tests", "level": "base"}, "StopSignal": "SIGINT",
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5000000000, "Retries": 2},
        "Shell": ["/bin/sh", "-ec"],
    },
    "trigger": {"Env": [PATH], "Cmd": ["sh"], "OnBuild": [
        "ENV TRIGGERED=yes", "COPY . /triggered/", "RUN echo $TRIGGERED >/trigger.txt"]},
}


def layer():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        def add(name, kind, mode, data=b"", link="", owner=(0, 0)):
            info = tarfile.TarInfo(name)
            info.type, info.mode, info.linkname, info.size = kind, mode, link, len(data)
            info.uid, info.gid = owner
            tar.addfile(info, io.BytesIO(data))

        for name in "bin dev etc home proc sbin sys usr usr/bin usr/sbin usr/local usr/local/bin var var/www".split():
            add(name, tarfile.DIRTYPE, 0o755)
        add("root", tarfile.DIRTYPE, 0o700)
        add("tmp", tarfile.DIRTYPE, 0o1777)
        add("home/app", tarfile.DIRTYPE, 0o755, owner=(1000, 1001))
        with open("/bin/busybox", "rb") as program:
            add("bin/busybox", tarfile.REGTYPE, 0o755, program.read())
        applets = subprocess.run(["/bin/busybox", "--list"], capture_output=True, text=True, check=True)
        for name in sorted(applets.stdout.split()):
            if name != "busybox":
                add("bin/" + name, tarfile.SYMTYPE, 0o777, link="/bin/busybox")
        add("usr/bin/env", tarfile.SYMTYPE, 0o777, link="/bin/busybox")
        add("etc/passwd", tarfile.REGTYPE, 0o644, PASSWD.encode())
        add("etc/group", tarfile.REGTYPE, 0o644, GROUP.encode())
        for name in "hostname hosts resolv.conf".split():
            add("etc/" + name, tarfile.REGTYPE, 0o644)
    return out.getvalue()


def write(directory):
    """Writes NAME.tar for each base; returns {name: path}."""
    data, paths = layer(), {}
    for name, config in CONFIGS.items():
        diff = "sha256:" + hashlib.sha256(data).hexdigest()
        image = json.dumps({
            "architecture": ARCHITECTURES.get(os.uname().machine, os.uname().machine), "os": "linux", "created": "2026-01-01T00:00:00Z", "config": config,
            "rootfs": {"type": "layers", "diff_ids": [diff]},
            "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "bases"}]}).encode()
        paths[name] = "%s/%s.tar" % (directory, name)
        with tarfile.open(paths[name], "w") as tar:
            for file, text in (
                    ("layer.tar", data), ("config.json", image),
                    ("manifest.json", json.dumps([{
                        "Config": "config.json", "Layers": ["layer.tar"],
                        "RepoTags": ["%s:latest" % name]}]).encode())):
                info = tarfile.TarInfo(file)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text))
    return paths
