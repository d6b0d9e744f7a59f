"""Reading cases/*.txt and answers/*.txt.

A case:

    === name
    args: --target x --build-arg A=b     of slipway and of the judge; more lines add to it
    judge: docker | buildah | none       who knows the right answer (docker, when not said)
    reference: ...                       judge none: what the answer was written from
    differs: ...                         Slipway's answer is another one on purpose: the reason
    single: ...                          the answer is another one where a user has one id only: the reason
    error: TEXT                          Slipway fails, and TEXT is in what it says; "slipway check"
                                         says it, too (exit 2)
    late: WHY                            but here it cannot know yet: only the build says it
    env: K=V                             in the environment of both
    # what the case is about
    --- Dockerfile
    FROM busybox
    --- dir/file [mode] [escaped]        a file of the context; "escaped": \\n \\t \\r \\xNN mean bytes
    --- ../file                          beside the context, where both are started
    --- setup                            a shell script, run in the context before the builds; what its
                                         tar packs is root's and of 1970

The context is the directory `context`. A file's last newline belongs to it, but empty lines in front
of the next case do not; "escaped" ones have no newlines but those that are written.

An answer is what image.load() says, or the one line "error". Under "=== name (slipway)" stands the
other answer of a case that differs, and under "=== name (single)" that of a user without subordinate ids.
"""

import os
import re
import shlex

KEYS = ("args", "judge", "reference", "differs", "single", "error", "late", "env")


class Case:
    def __init__(self, topic, name, place):
        self.topic, self.name, self.place = topic, name, place
        self.args, self.env, self.judge = [], {}, "docker"
        self.reference = self.differs = self.single = self.error = self.late = None
        self.files = []  # (path, mode, bytes)
        self.setup = ""

    def set(self, key, value):
        if key == "args":
            self.args += shlex.split(value)
        elif key == "env":
            self.env.update([value.split("=", 1)])
        elif key == "judge" and value not in ("docker", "buildah", "none"):
            raise SystemExit("%s: error: there is no judge '%s'" % (self.place, value))
        else:
            setattr(self, key, value)

    def check(self):
        if self.judge == "none" and not self.reference:
            raise SystemExit("%s: error: %s has no judge and no reference" % (self.place, self.name))
        return self

    def write(self, directory):
        """Lays the context out. What is not said has mode 0644, 0755 for directories."""
        os.makedirs(directory + "/context")
        for path, mode, data in self.files:
            file = os.path.normpath(directory + "/context/" + path)
            os.makedirs(os.path.dirname(file), exist_ok=True)
            with open(file, "wb") as out:
                out.write(data)
            os.chmod(file, mode)


def unescape(text):
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|.)", lambda m: {
        b"n": b"\n", b"t": b"\t", b"r": b"\r", b"e": b"\x1b", b"0": b"\0", b"\\": b"\\"}.get(m[1]) or
        (bytes([int(m[1][1:], 16)]) if len(m[1]) == 3 else m[0]), text)


def add_file(case, header, lines):
    path, *words = header.split(" ")
    data = b"".join(lines)
    mode = 0o644
    for word in words:
        if word == "escaped":
            data = unescape(data.replace(b"\n", b""))
        else:
            mode = int(word, 8)
    if path == "setup":
        case.setup = data.decode()
    else:
        case.files.append((path, mode, data))


def read(path):
    """The cases of one file."""
    topic = os.path.basename(path).removesuffix(".txt")
    found, case, header, lines = [], None, None, []

    def flush():
        if header:
            add_file(case, header, lines)

    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            if line.startswith(b"=== "):
                while lines and not lines[-1].strip():
                    lines.pop()
                flush()
                header, lines = None, []
                case = Case(topic, line[4:].decode().strip(), "%s:%d" % (path, number))
                found.append(case)
            elif line.startswith(b"--- ") and case:
                flush()
                header, lines = line[4:].decode().strip(), []
            elif header:
                lines.append(line)
            elif line.strip() and not line.startswith(b"#"):
                key, _, value = line.decode().partition(":")
                if not case or key not in KEYS:
                    raise SystemExit("%s:%d: error: what is '%s'?" % (path, number, line.decode().strip()))
                case.set(key, value.strip())
    while lines and not lines[-1].strip():
        lines.pop()
    flush()
    names = [case.name for case in found]
    for case in found:
        if names.count(case.name) > 1:
            raise SystemExit("%s: error: %s is there twice" % (case.place, case.name))
    return [case.check() for case in found]


def read_answers(path):
    answers, name = {}, None
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            for line in file.read().splitlines():
                if line.startswith("=== "):
                    name = line[4:]
                    answers[name] = []
                else:
                    answers[name].append(line)
    return answers


def write_answers(path, answers):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        for name, lines in answers.items():
            file.write("=== %s\n%s" % (name, "".join(line + "\n" for line in lines)))
