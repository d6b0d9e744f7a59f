"""Debian packages as one layer: fetched by apt, unpacked, and nothing of them run.

apt has a configuration of its own (sources, lists, cache) below the tests' cache directory; the
machine's apt is only read, to learn its mirror. What it downloads it verifies, as always. No
maintainer script runs, so no root is needed and a base is made in seconds; what a script would have
made (alternatives) the base adds itself.
"""

import io
import os
import subprocess
import tarfile


class Missing(Exception):
    """This host cannot; why."""


def release():
    with open("/etc/os-release", encoding="utf-8") as file:
        words = dict(line.strip().split("=", 1) for line in file if "=" in line)
    return words.get("VERSION_CODENAME", "")


class Apt:
    """apt-get over an empty system: every dependency is named."""

    def __init__(self, directory):
        self.directory = directory
        for name in ("lists/partial", "cache/archives/partial"):
            os.makedirs("%s/%s" % (directory, name), exist_ok=True)
        self.options = [
            "Dir::Etc::sourcelist=%s/sources.list" % directory, "Dir::Etc::sourceparts=-",
            "Dir::Etc::preferencesparts=-", "Dir::State=" + directory,
            "Dir::State::lists=%s/lists" % directory, "Dir::State::status=%s/status" % directory,
            "Dir::Cache=%s/cache" % directory, "Debug::NoLocking=1", "Acquire::Languages=none",
            "APT::Install-Recommends=false", "APT::Sandbox::User="]
        self.fresh = False

    def run(self, *arguments):
        command = ["apt-get", "-qq", "-y"]
        for option in self.options:
            command += ["-o", option]
        done = subprocess.run(command + list(arguments), capture_output=True, text=True, check=False,
                              env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL)
        if done.returncode:
            raise Missing("apt-get %s: %s" % (arguments[0], done.stderr.strip().split("\n")[-1]))
        return done.stdout

    def update(self):
        """The machine's own mirror of its own release."""
        targets = subprocess.run(
            ["apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT)",
             "Created-By: Packages"], capture_output=True, text=True, check=True).stdout
        keyring = "/usr/share/keyrings/debian-archive-keyring.gpg"
        option = " [signed-by=%s]" % keyring if os.access(keyring, os.R_OK) else ""
        lines = ["deb%s %s\n" % (option, target) for target in sorted(set(targets.splitlines()))
                 if target.split(" ")[1:] == [release(), "main"]]
        if not lines:
            raise Missing("apt has no mirror of '%s' here" % release())
        for name, text in (("sources.list", "".join(lines)), ("status", "")):
            with open("%s/%s" % (self.directory, name), "w", encoding="utf-8") as out:
                out.write(text)
        self.run("update")
        self.fresh = True

    def fetch(self, packages):
        """The paths of these packages and of all that they depend on."""
        if not self.fresh:
            self.update()
        names = []
        for line in self.run("install", "--simulate", *packages).splitlines():
            words = line.split(" ")  # Inst libc6 (2.36-9 Debian:12.1/stable [amd64]) [...]
            if words[0] == "Inst":
                names.append("%s_%s_%s.deb" % (words[1], words[2].lstrip("(").replace(":", "%3a"),
                                               line.split("[")[1].split("]")[0]))
        self.run("install", "--download-only", *packages)
        archives = self.directory + "/cache/archives/"
        lost = sorted(set(names) - set(os.listdir(archives)))
        if lost:
            raise Missing("apt-get did not leave '%s'" % lost[0])
        return [archives + name for name in sorted(names)]


SKIPPED = ("usr/share/doc/", "usr/share/man/", "usr/share/locale/", "usr/share/lintian/",
           "usr/share/info/")
MERGED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


def placed(name):
    """Where a name of a package lies on a system with merged /usr; None: not wanted."""
    name = name[2:] if name.startswith("./") else name
    name = name.strip("/")
    first = name.split("/")[0]
    if not name or name in MERGED:
        return None
    if first in MERGED:
        name = "usr/" + name
    return None if (name + "/").startswith(SKIPPED) else name


def members(path):
    """(member, data or None) of everything in a package."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", path], stdout=subprocess.PIPE) as unpacked:
        with tarfile.open(fileobj=unpacked.stdout, mode="r|") as tar:
            for member in tar:
                yield member, tar.extractfile(member).read() if member.isreg() else None
    if unpacked.returncode:
        raise Missing("dpkg-deb cannot unpack '%s'" % os.path.basename(path))


class Layer:
    """A layer being written, in which the first to bring a file wins."""

    def __init__(self, path):
        # pylint: disable=consider-using-with
        self.tar, self.names = tarfile.open(path, "w", format=tarfile.PAX_FORMAT), set()

    def add(self, info, data=None):
        if info.name in self.names:
            return
        self.names.add(info.name)
        info.mtime, info.pax_headers = 0, {}
        self.tar.addfile(info, io.BytesIO(data) if data is not None else None)

    def entry(self, name, kind, mode, data=None, link=""):
        info = tarfile.TarInfo(name)
        info.type, info.mode, info.linkname, info.size = kind, mode, link, len(data or b"")
        self.add(info, data)

    def directory(self, name, mode=0o755):
        self.entry(name, tarfile.DIRTYPE, mode)

    def file(self, name, data, mode=0o644):
        parts = name.split("/")
        for i in range(1, len(parts)):
            self.directory("/".join(parts[:i]))
        self.entry(name, tarfile.REGTYPE, mode, data)

    def link(self, name, target):
        self.entry(name, tarfile.SYMTYPE, 0o777, link=target)

    def package(self, path):
        for member, data in members(path):
            name = placed(member.name)
            if name:
                member.name = name
                if member.islnk():
                    member.linkname = placed(member.linkname)
                self.add(member, data)

    def close(self):
        self.tar.close()
