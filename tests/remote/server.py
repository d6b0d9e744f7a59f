#!/usr/bin/env python3
"""server.py ROOT PORT-FILE LOG - a web server for tests of ADD and of contexts, on loopback.

Writes its port into PORT-FILE. What comes first in the path says what happens:

  /files/NAME      a file of ROOT/files, with ETag and Last-Modified; conditions and parts are served
  /plain/NAME      the same without any of that
  /dated/NAME      with Last-Modified only
  /git/REPO/...    a repository of ROOT/git, by git http-backend
  /dumb/REPO/...   the same as plain files
  /login/..., /bearer/..., /header/...   what follows, but only for me:p@ss, a bearer token, or the
                   user of a git token
  else a fault of the table FAULTS

Each request is a line in LOG: method, path, status, and "login" when Authorization was there.
"""
import base64, email.utils, hashlib, http.server, os, subprocess, sys, threading, urllib.parse

FAULTS = {
    "missing": "404",
    "busy": "503, always",
    "flaky": "503 once, then the file",
    "cut": "half of the file, then nothing; parts are served",
    "cut-other": "half of the file; then it is another one",
    "cut-weak": "half of the file; there is no strong ETag to go on with",
    "cut-forever": "half of the file, always",
    "large": "says that it has a terabyte",
    "empty": "nothing, and that is all there is",
    "named": "Content-Disposition names another file",
    "loop": "redirects to itself",
    "away": "redirects to the file, at another host",
    "to-file": "redirects to file:///etc/passwd",
    "escapes": "a status line and a location that a terminal would obey",
}
root, port_file, log_path = sys.argv[1:4]
lock, seen = threading.Lock(), {}
MTIME = 1600000000


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self, status):
        login = " login" if self.headers.get("Authorization") else ""
        path = self.path.split("?")[0]
        with lock, open(log_path, "a") as log:
            log.write("%s %s %d%s\n" % (self.command, path, status, login))

    def answer(self, status, body=b"", headers=(), length=None):
        self.note(status)
        self.send_response(status)
        for key, value in headers:
            self.send_header(key, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)
        if length is not None and length != len(body):
            self.close_connection = True

    def read(self, name):
        try:
            with open(os.path.join(root, "files", urllib.parse.unquote(name)), "rb") as f:
                return f.read()
        except OSError:
            return None

    def file(self, name, tag=True, date=True):
        body = self.read(name)
        if body is None:
            return self.answer(404)
        etag, when = '"%s"' % hashlib.sha1(body).hexdigest(), email.utils.formatdate(MTIME, usegmt=True)
        headers = ([("ETag", etag)] if tag else []) + ([("Last-Modified", when)] if date else [])
        if tag and self.headers.get("If-None-Match") == etag:
            return self.answer(304, headers=headers)
        if date and self.headers.get("If-Modified-Since") == when:
            return self.answer(304, headers=headers)
        part = self.headers.get("Range")
        if part and tag and self.headers.get("If-Range") == etag:
            start = int(part[len("bytes="):-1])
            headers.append(("Content-Range", "bytes %d-%d/%d" % (start, len(body) - 1, len(body))))
            return self.answer(206, body[start:], headers)
        self.answer(200, body, headers)

    def first(self):
        with lock:
            seen[self.path] = seen.get(self.path, 0) + 1
            return seen[self.path] == 1

    def half(self, name, etag):
        body = self.read(name)
        self.answer(200, body[: len(body) // 2], [("ETag", etag)] if etag else [], len(body))

    def fault(self, kind, name):
        strong = '"%s"' % hashlib.sha1(self.read(name) or b"").hexdigest()
        if kind == "busy" or (kind == "flaky" and self.first()):
            return self.answer(503)
        if kind == "cut-forever" or (kind.startswith("cut") and self.first()):
            etag = {"cut": strong, "cut-other": '"another"', "cut-weak": "W/" + strong}.get(kind)
            return self.half(name, etag)
        if kind in ("flaky", "cut", "cut-other", "cut-weak"):
            return self.file(name)
        if kind == "large":
            return self.answer(200, b"x" * 1000, length=1 << 40)
        if kind == "empty":
            return self.answer(200)
        if kind == "named":
            return self.answer(200, self.read(name), [("Content-Disposition", 'attachment; filename="other"')])
        where = {"loop": self.path, "to-file": "file:///etc/passwd",
                 "away": "http://127.0.0.1:%d/files/%s" % (self.server.server_port, name),
                 "escapes": "gopher://\x1b[2J"}.get(kind)
        self.answer(302, headers=[("Location", where)]) if where else self.answer(404)

    def git(self, path, query):
        length = int(self.headers.get("Content-Length") or 0)
        env = dict(os.environ, GIT_PROJECT_ROOT=root + "/git", GIT_HTTP_EXPORT_ALL="1", PATH_INFO=path,
                   QUERY_STRING=query, REQUEST_METHOD=self.command, GIT_CONFIG_COUNT="1",
                   GIT_CONFIG_KEY_0="safe.directory", GIT_CONFIG_VALUE_0="*",
                   CONTENT_TYPE=self.headers.get("Content-Type", ""),
                   HTTP_CONTENT_ENCODING=self.headers.get("Content-Encoding", ""),
                   GIT_PROTOCOL=self.headers.get("Git-Protocol", ""))
        out = subprocess.run(["git", "http-backend"], input=self.rfile.read(length), env=env,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        head, _, body = out.partition(b"\r\n\r\n")
        headers = [tuple(line.split(": ", 1)) for line in head.decode().split("\r\n") if line]
        status = int(dict(headers).get("Status", "200").split()[0])
        self.answer(status, body, [h for h in headers if h[0] != "Status"])

    def dumb(self, path):
        try:
            with open(root + "/git" + path, "rb") as f:
                self.answer(200, f.read())
        except OSError:
            self.answer(404)

    def handle_path(self, path, query):
        kind, _, rest = path[1:].partition("/")
        logins = {"login": "Basic " + base64.b64encode(b"me:p@ss").decode(), "bearer": "Bearer t0ken",
                  "header": "Basic " + base64.b64encode(b"x-access-token:t0ken").decode()}
        if kind in logins:
            if self.headers.get("Authorization") == logins[kind]:
                return self.handle_path("/" + rest, query)
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            return self.answer(401, headers=[("WWW-Authenticate", 'Basic realm="x"')])
        if kind == "git":
            return self.git("/" + rest, query)
        if kind == "dumb":
            return self.dumb("/" + rest)
        if kind in ("files", "plain", "dated"):
            return self.file(rest, kind == "files", kind != "plain")
        self.fault(kind, rest)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        self.handle_path(path, query)

    do_HEAD = do_POST = do_GET


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
with open(port_file + ".new", "w") as out:
    out.write(str(server.server_port))
os.rename(port_file + ".new", port_file)
server.serve_forever()
