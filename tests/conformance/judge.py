"""Those who know the right answer: BuildKit within dockerd, and buildah; and the registry they share.

All are started for the run, below one directory, on loopback and a socket of their own, and are
ended by their process ids.
"""

import os
import socket
import subprocess
import time
import urllib.request


class Missing(Exception):
    """This host cannot; why."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(what, process, log, ready):
    for _ in range(600):
        if ready():
            return
        if process.poll() is not None:
            break
        time.sleep(0.05)
    with open(log, encoding="utf-8", errors="replace") as file:
        raise Missing("%s does not start: %s" % (what, (file.read().splitlines() or ["?"])[-1]))


def need(*programs):
    for program in programs:
        if not any(os.access(d + "/" + program, os.X_OK) for d in os.environ["PATH"].split(":")):
            raise Missing("there is no %s" % program)


class Started:
    """A daemon, its log, and its end."""

    def __init__(self, what, argv, log, ready):
        with open(log, "w", encoding="utf-8") as out:
            # pylint: disable=consider-using-with
            self.process = subprocess.Popen(argv, stdout=out, stderr=out, stdin=subprocess.DEVNULL)
        try:
            wait_for(what, self.process, log, ready)
        except Missing:
            self.end()
            raise

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()


class Registry(Started):
    """docker-registry; `host` is its name."""

    def __init__(self, directory):
        need("docker-registry", "skopeo")
        port = free_port()
        self.host = "localhost:%d" % port
        os.makedirs(directory + "/registry", exist_ok=True)
        with open(directory + "/registry.yml", "w", encoding="utf-8") as out:
            out.write('version: 0.1\nlog: {level: error, accesslog: {disabled: true}}\n'
                      'storage: {filesystem: {rootdirectory: "%s/registry"}}\n'
                      'http: {addr: "127.0.0.1:%d"}\n' % (directory, port))
        super().__init__("docker-registry", ["docker-registry", "serve", directory + "/registry.yml"],
                         directory + "/registry.log", self.answers)

    def answers(self):
        try:
            with urllib.request.urlopen("http://%s/v2/" % self.host) as answer:
                return answer.status == 200
        except OSError:
            return False

    def push(self, archive, name):
        subprocess.run(["skopeo", "copy", "--insecure-policy", "--quiet", "--dest-tls-verify=false",
                        "docker-archive:" + archive,
                        "docker://%s/library/%s:latest" % (self.host, name)], check=True)


class Docker(Started):
    """dockerd without a network of its own; its `docker build` is BuildKit's."""

    def __init__(self, directory, registry):
        need("dockerd")
        # Debian's client has BuildKit built in; one found in PATH may want a plugin for it.
        self.client = "/usr/bin/docker"
        if not os.access(self.client, os.X_OK):
            raise Missing("there is no /usr/bin/docker")
        if os.getuid() != 0:
            raise Missing("dockerd needs root")
        self.env = {"DOCKER_HOST": "unix://%s/docker.sock" % directory, "DOCKER_BUILDKIT": "1",
                    "DOCKER_CONFIG": directory + "/docker-config", "PATH": os.environ["PATH"],
                    "HOME": directory}
        # In a mount namespace of its own: what dockerd mounts disturbs nobody, and ends with it.
        super().__init__("dockerd", [
            "unshare", "--mount", "dockerd", "--bridge=none", "--iptables=false", "--ip6tables=false",
            "--data-root", directory + "/docker", "--exec-root", directory + "/docker-run",
            "--pidfile", directory + "/docker.pid", "-H", self.env["DOCKER_HOST"],
            "--registry-mirror", "http://" + registry.host], directory + "/dockerd.log",
            lambda: self.run(["version"]).returncode == 0)

    def run(self, args, cwd=None, env=None):
        return subprocess.run([self.client, *args], cwd=cwd, env={**self.env, **(env or {})},
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)

    def build(self, case, directory, archive):
        """None, and the archive is written; or what was said when it failed."""
        tag = "%s-%s" % (case.topic, case.name.lower())
        network = [] if "--network" in " ".join(case.args) else ["--network", "none"]
        done = self.run(["build", "--progress", "plain", *network, "-t", tag, *case.args, "context"],
                        directory, case.env)
        if self.process.poll() is not None:
            raise AssertionError("dockerd has died of it")
        if done.returncode != 0:
            return done.stderr.decode(errors="replace")
        saved = self.run(["save", "-o", archive, tag])
        self.run(["rmi", "-f", tag])
        return saved.stderr.decode(errors="replace") if saved.returncode else None


class Buildah:
    """buildah with a storage of its own."""

    def __init__(self, directory, registry):
        need("buildah")
        if os.getuid() != 0:
            raise Missing("buildah is asked as root only")
        with open(directory + "/registries.conf", "w", encoding="utf-8") as out:
            out.write('unqualified-search-registries = ["docker.io"]\n[[registry]]\nlocation = "docker.io"\n'
                      '[[registry.mirror]]\nlocation = "%s"\ninsecure = true\n' % registry.host)
        self.options = ["--root", directory + "/buildah", "--runroot", directory + "/buildah-run",
                        "--storage-driver", "vfs"]
        self.env = {"CONTAINERS_REGISTRIES_CONF": directory + "/registries.conf", "HOME": directory,
                    "PATH": os.environ["PATH"]}

    def run(self, args, cwd=None, env=None):
        return subprocess.run(["buildah", *self.options, *args], cwd=cwd,
                              env={**self.env, **(env or {})}, stdin=subprocess.DEVNULL,
                              capture_output=True, check=False)

    def build(self, case, directory, archive):
        tag = "localhost/%s-%s" % (case.topic, case.name.lower())
        done = self.run(["bud", "--isolation", "chroot", "-t", tag, *case.args, "context"],
                        directory, case.env)
        if done.returncode == 0:
            done = self.run(["push", "-q", tag, "docker-archive:" + archive])
            self.run(["rmi", "-f", tag])
        return done.stderr.decode(errors="replace") if done.returncode else None

    def end(self):
        self.run(["rmi", "-a", "-f"])
