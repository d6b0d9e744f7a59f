"""An image archive (docker save, or Slipway's type=docker) as a list of lines that can be compared.

The layers are laid over each other as the image specification says (whiteouts, opaque directories,
hard links), by code that shares nothing with Slipway's. A line is a file:

    d 0755 0:0 /dir
    f 0644 0:0 /dir/file "text\\n"          short text is shown; else its size and SHA-256
    f 0644 0:0 /dir/other = /dir/file       a hard link: the first of its names
    l 0777 0:0 /link -> /dir
    c 0666 0:0 1:3 /dev/null

with xattrs as {name=hex} behind it; times are not part of it. Then the config, a line for each key.
"""

import hashlib
import json
import re
import tarfile

KINDS = {
    tarfile.REGTYPE: "f", tarfile.AREGTYPE: "f", tarfile.DIRTYPE: "d", tarfile.SYMTYPE: "l",
    tarfile.CHRTYPE: "c", tarfile.BLKTYPE: "b", tarfile.FIFOTYPE: "p",
}
CONFIG = ["Env", "Cmd", "Entrypoint", "WorkingDir", "User", "ExposedPorts", "Volumes", "Labels",
          "StopSignal", "Healthcheck", "OnBuild", "Shell"]


def quoted(data):
    text = data.decode("utf-8", "surrogateescape")
    return '"%s"' % re.sub(r'[^ !#-\[\]-~]', lambda m: {
        "\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}.get(
            m[0], "".join("\\x%02x" % b for b in m[0].encode("utf-8", "surrogateescape"))), text)


def busybox():
    """The digest of the program that the bases are made of, which changes with Debian's package."""
    with open("/bin/busybox", "rb") as program:
        return hashlib.sha256(program.read()).hexdigest()


def body(data):
    if len(data) > 500000 and hashlib.sha256(data).hexdigest() == busybox():
        return "Debian's busybox"
    if len(data) <= 200 and b"\0" not in data:
        return quoted(data)
    return "%d bytes sha256:%s" % (len(data), hashlib.sha256(data).hexdigest()[:16])


def describe(tar, member):
    """What stands before and behind the path."""
    front = "%s %04o %d:%d" % (KINDS[member.type], member.mode & 0o7777, member.uid, member.gid)
    if member.ischr() or member.isblk():
        front += " %d:%d" % (member.devmajor, member.devminor)
    back = ""
    if member.isreg():
        back = " " + body(tar.extractfile(member).read())
    elif member.issym():
        back = " -> " + member.linkname
    xattrs = sorted((key[len("SCHILY.xattr."):], value) for key, value in member.pax_headers.items()
                    if key.startswith("SCHILY.xattr."))
    for key, value in xattrs:
        back += " {%s=%s}" % (key, value.encode("utf-8", "surrogateescape").hex())
    return front, back


def apply(tar, files):
    """Lays one layer over `files`: path -> [front, back], the same list for all names of a file."""
    whiteouts, opaque, links, new = [], [], [], {}
    for member in tar:
        path = "/" + member.name.strip("/").removeprefix("./").removeprefix(".")
        parent, _, name = path.rpartition("/")
        if name == ".wh..wh..opq":
            opaque.append(parent)
        elif name.startswith(".wh."):
            whiteouts.append(parent + "/" + name[4:])
        elif member.islnk():
            links.append((path, "/" + member.linkname.strip("/").removeprefix("./")))
        else:
            new[path] = list(describe(tar, member))
    for path in list(files):
        if any(path == gone or path.startswith(gone + "/") for gone in whiteouts) or \
                any(path.startswith(gone + "/") for gone in opaque):
            del files[path]
    for path, entry in new.items():
        if not entry[0].startswith("d"):
            for below in [p for p in files if p.startswith(path + "/")]:
                del files[below]
        files[path] = entry
    for path, target in links:
        files[path] = files[target]


def file_lines(files):
    first, lines = {}, []
    for path in sorted(files):
        entry = files[path]
        if path in ("", "/"):
            continue
        front, back = entry
        if id(entry) in first:
            back = " = " + quoted(first[id(entry)].encode("utf-8", "surrogateescape"))[1:-1]
        first.setdefault(id(entry), path)
        lines.append("%s %s%s" % (
            front, quoted(path.encode("utf-8", "surrogateescape"))[1:-1], back))
    return lines


def config_lines(config):
    lines = []
    for key in CONFIG:
        value = config.get(key)
        if value in (None, "", [], {}) or (key == "WorkingDir" and value == "/"):
            continue
        if key == "Healthcheck":
            value = {k: v for k, v in value.items() if v not in (0, None)}
        lines.append("%s %s" % (key, json.dumps(value, sort_keys=True)))
    return lines


def load(path, base=None):
    """(lines, files) of the one image in an archive. With `base`, a dict of that kind, what is
    the same there is left out, and what is gone is told by a line "- path", if the image stands on it."""
    files, first = {}, None
    with tarfile.open(path, errorlevel=2) as archive:
        manifest = json.load(archive.extractfile("manifest.json"))[0]
        image = json.load(archive.extractfile(manifest["Config"]))
        for name in manifest["Layers"]:
            with tarfile.open(fileobj=archive.extractfile(name)) as layer:
                apply(layer, files)
            first = first or dict(files)
    lines = file_lines(files)
    if base and first and file_lines(first) == file_lines(base):
        known = set(file_lines(base))
        gone = [path for path in base if path not in files and path not in ("", "/")]
        lines = ["- " + path for path in sorted(gone)] + [line for line in lines if line not in known]
    return lines + config_lines(image.get("config") or {}), files
