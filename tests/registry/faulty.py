#!/usr/bin/env python3
"""faulty.py PORT LAYOUT LOG - a registry that misbehaves, for tests.

Serves the one image of an OCI layout under every repository that ends in /app, as tag 1, and takes
pushes into memory. The first part of the repository's name says what goes wrong:
localhost:PORT/cut/app:1. What goes wrong with blobs goes wrong with layers, not with configurations.
Each request is a line in LOG: method, path, status, and "auth" when Authorization was there.
"""
import base64, email.utils, hashlib, http.server, json, socket, socketserver, sys, threading, time

FAULTS = {
    # pulling
    "ok": "nothing goes wrong",
    "token": "401 leads to a token server, which looks at the scope",
    "expires": "the same, and the first token is good for two requests only",
    "token-down": "the same, and the token server is in trouble at first",
    "identity": "the token server wants a refresh token by POST",
    "realm-file": "the token server is at file:///",
    "realm-plain": "the token server is another machine, without TLS",
    "realm-user": "the same, in a name that looks like this machine",
    "basic": "401 wants user and password",
    "busy": "429 with Retry-After in seconds, once for each path that is read and each way to write",
    "busy-date": "429 with Retry-After as a date, once",
    "busy-forever": "429, always",
    "down": "503 twice, likewise",
    "down-forever": "500, always",
    "cut": "half of a blob, then nothing; parts are served",
    "cut-whole": "the same; asked for a part it sends the whole",
    "cut-lie": "the same; asked for a part it sends another",
    "cut-416": "the same; asked for a part it refuses",
    "cut-wander": "each answer is the whole, and ends at another place",
    "cut-forever": "no byte of a blob ever comes",
    "slow": "blobs come in small pieces",
    "wrong-once": "the first time, blobs have one bit flipped",
    "wrong": "blobs have one bit flipped",
    "short": "blobs end early, with a Content-Length that fits",
    "long": "blobs have a byte too many",
    "lying-length": "Content-Length says more than comes",
    "no-digest": "no Docker-Content-Digest",
    "wrong-digest": "Docker-Content-Digest is another",
    "swapped": "documents asked for by digest are others",
    "html-type": "the manifest is served as text/html",
    "other-type": "the manifest is served as Docker's and says it is OCI's",
    "schema1": "a manifest of schema 1",
    "html": "a login page instead of a manifest",
    "garbage": "half a manifest",
    "giant": "a manifest of 10 MB",
    "no-blob": "blobs are not there",
    "redirect": "blobs are at another host, which refuses Authorization",
    "redirect-loop": "blobs redirect to themselves",
    "redirect-file": "blobs redirect to file:///etc/passwd",
    # pushing
    "chunks": "a PUT with a body is too large; PATCH is taken",
    "lost": "the first upload of each blob is forgotten",
    "push-down": "503 for the first of each request",
    "push-cut": "the connection is cut in the first body",
    "mount": "mounts are taken",
    "mount-denied": "no token is good for a mount",
    "escapes": "names of tags that a terminal would obey",
    "stored-wrong": "says that it stored something else",
    "full": "507 for every body",
    "read-only": "405 for everything that writes",
    # what refers to an image
    "lists": "referrers are listed by the registry itself, one to a page",
    "race": "after our first list of referrers under a tag, somebody else's takes its place",
    "race-etag": "somebody else's comes between our second reading and writing; If-Match tells",
    "forgets": "what is written to such a tag is forgotten",
}

# The descriptor of somebody else's referrer.
OTHERS = {"mediaType": "application/vnd.oci.image.manifest.v1+json", "digest": "sha256:" + "1" * 64, "size": 1, "artifactType": "text/x-other"}
OTHERS_LIST = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [OTHERS]}).encode()

REALMS = {
    "realm-file": "file:///etc/passwd",
    "realm-plain": "http://192.0.2.1/token",
    "realm-user": "http://localhost:1@192.0.2.1/token",
}
port, layout, log_path = int(sys.argv[1]), sys.argv[2], sys.argv[3]
lock = threading.Lock()
seen, tokens, pushed, sessions = {}, {}, {}, {}


def blob_file(digest):
    with open(layout + "/blobs/" + digest.replace(":", "/"), "rb") as f:
        return f.read()


index = json.load(open(layout + "/index.json"))
manifest_digest = index["manifests"][0]["digest"]
manifest = blob_file(manifest_digest)
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"


def digest_of(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    other_port = None
    elsewhere = False

    def log_message(self, *args):
        pass

    def note(self, status):
        with lock, open(log_path, "a") as f:
            auth = " auth" if "Authorization" in self.headers else ""
            f.write("%s %s %d%s\n" % (self.command, self.path, status, auth))

    def answer(self, status, body=b"", length=None, **headers):
        self.note(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if status != 204:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def error(self, status, code="UNKNOWN", **headers):
        body = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]})
        self.answer(status, body.encode(), Content_Type="application/json", **headers)

    def cut(self):
        self.close_connection = True
        self.wfile.flush()
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def times(self, what):
        """How often this fault has met this request before."""
        with lock:
            key = (self.fault, what)
            seen[key] = seen.get(key, 0) + 1
            return seen[key] - 1

    def body(self):
        if self.headers.get("Transfer-Encoding") == "chunked":
            data = b""
            while True:
                n = int(self.rfile.readline().split(b";")[0], 16)
                data += self.rfile.read(n)
                self.rfile.readline()
                if n == 0:
                    return data
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    # --- authorization

    def allowed(self, write):
        auth = self.headers.get("Authorization", "")
        if self.fault == "basic":
            if auth == "Basic " + base64.b64encode(b"tester:secret:word").decode():
                return True
            self.error(401, "UNAUTHORIZED", WWW_Authenticate='Basic realm="faulty"')
            return False
        if self.fault not in ("redirect", "token", "expires", "token-down", "identity", "realm-file", "realm-plain", "realm-user", "mount-denied"):
            return True
        want = "repository:%s:%s" % (self.repository, "pull,push" if write else "pull")
        with lock:
            scopes = tokens.get(auth[7:], {}) if auth.startswith("Bearer ") else {}
            held = want if want in scopes or write else "repository:%s:pull,push" % self.repository
            left = scopes.get(held, 0)
            if left:
                scopes[held] -= 1
        if left:
            return True
        realm = REALMS.get(self.fault, "http://localhost:%d/token/%s" % (port, self.fault))
        self.error(401, "UNAUTHORIZED", WWW_Authenticate='Bearer realm="%s",service="faulty",scope="%s"' % (realm, want))
        return False

    def token(self):
        from urllib.parse import parse_qs, urlparse
        url = urlparse(self.path)
        self.fault = url.path.split("/")[2]
        form = parse_qs(self.body().decode() if self.command == "POST" else url.query)
        auth = self.headers.get("Authorization", "")
        if self.fault == "identity":
            good = form.get("refresh_token") == ["refresh-me"] and form.get("grant_type") == ["refresh_token"]
        else:
            good = auth == "Basic " + base64.b64encode(b"tester:secret:word").decode()
        if self.fault == "token-down" and self.times("token") < 2:
            return self.error(503, "UNAVAILABLE")
        if self.fault == "mount-denied" and sum(len(t.split(" ")) for t in form.get("scope", [])) > 1:
            return self.error(403, "DENIED")
        if not good or form.get("service") != ["faulty"]:
            return self.error(401, "UNAUTHORIZED")
        scopes = [s for text in form.get("scope", []) for s in text.split(" ")]
        with lock:
            name = "token-%d" % (len(tokens) + 1)
            first = not any(s in known for s in scopes for known in tokens.values())
            tokens[name] = {s: 2 if self.fault == "expires" and first else 1000000 for s in scopes}
        key = "access_token" if self.fault == "identity" else "token"
        self.answer(200, json.dumps({key: name, "expires_in": 300}).encode(), Content_Type="application/json")

    # --- requests

    def route(self):
        if self.elsewhere:
            return self.serve_elsewhere()
        if self.path.startswith("/token/"):
            return self.token()
        if self.path in ("/v2", "/v2/"):
            self.fault = self.repository = ""
            return self.answer(200, b"{}")
        path, _, query = self.path.partition("?")
        for kind in ("/manifests/", "/blobs/uploads/", "/blobs/", "/tags/", "/referrers/"):
            if kind in path:
                self.repository, _, self.what = path[len("/v2/"):].partition(kind)
                self.fault = self.repository.split("/")[0]
                if self.fault not in FAULTS:
                    return self.error(404, "NAME_UNKNOWN")
                write = self.command not in ("GET", "HEAD")
                if not self.allowed(write):
                    if write:
                        self.body()
                    return
                return self.trouble(kind, query)
        self.error(404, "NOT_FOUND")

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = route

    def refuse(self, status, code, **headers):
        if self.command not in ("GET", "HEAD"):
            self.body()  # or its bytes would be the next request
        self.error(status, code, **headers)

    def trouble(self, kind, query):
        write = self.command not in ("GET", "HEAD")
        what = self.command if write else self.command + self.path  # each upload has its own path
        f, first = self.fault, self.times(what) == 0
        if f == "busy" and first or f == "busy-forever":
            return self.refuse(429, "TOOMANYREQUESTS", Retry_After="1" if f == "busy" else "0")
        if f == "busy-date" and first:
            date = email.utils.formatdate(time.time() + 1, usegmt=True)
            return self.refuse(429, "TOOMANYREQUESTS", Retry_After=date)
        if f == "down" and self.times("down" + what) < 2 or f == "down-forever":
            return self.refuse(503 if f == "down" else 500, "UNAVAILABLE")
        if write:
            return self.push(kind, query, first)
        if kind == "/manifests/":
            return self.serve_manifest()
        if kind == "/blobs/":
            return self.serve_blob(first)
        if kind == "/referrers/":
            return self.serve_referrers(query)
        tags = ["\x1b]0;mine\x07", "1\x1b[31m"] if f == "escapes" else ["1"]
        self.answer(200, json.dumps({"name": self.repository, "tags": tags}).encode(), Content_Type="application/json")

    def serve_manifest(self):
        f, data, kind = self.fault, manifest, MANIFEST_TYPE
        if (self.repository, self.what) in pushed:
            data = pushed[self.repository, self.what]
            kind = json.loads(data).get("mediaType", kind)
        elif self.what not in ("1", manifest_digest) or not self.repository.endswith("/app"):
            return self.error(404, "MANIFEST_UNKNOWN")
        digest = digest_of(data)
        if f == "swapped" and self.what.startswith("sha256:"):
            data = data.replace(b"schemaVersion", b"schemaVersioN")
        if f == "schema1":
            data, kind = b'{"schemaVersion": 1, "name": "x", "fsLayers": []}', "application/vnd.docker.distribution.manifest.v1+prettyjws"
        if f == "html":
            data, kind = b"<html><body>Please log in.</body></html>", "text/html; charset=utf-8"
        if f == "html-type":
            kind = "text/html"
        if f == "other-type":
            kind = "application/vnd.docker.distribution.manifest.v2+json"
        if f == "garbage":
            data = data[: len(data) // 2]
        if f == "giant":
            data = data[:-1] + b" " * 10000000 + b"}"
        headers = {"Content_Type": kind}
        if f in ("garbage", "giant", "html", "schema1"):
            digest = digest_of(data)
        if f == "wrong-digest":
            digest = "sha256:" + "0" * 64
        if f != "no-digest":
            headers["Docker_Content_Digest"] = digest
        if f == "race-etag" and self.what.startswith("sha256-"):
            headers["ETag"] = '"%s"' % digest
        self.answer(200, data, **headers)
        if f == "race-etag" and self.what.startswith("sha256-") and self.times("other") == 1:
            index = json.loads(data)
            index["manifests"].append(OTHERS)
            pushed[self.repository, self.what] = json.dumps(index).encode()

    def serve_referrers(self, query):
        if self.fault != "lists":
            return self.error(404, "NOT_FOUND")
        found = []
        for (repository, what), data in sorted(pushed.items()):
            if repository == self.repository and what.startswith("sha256:") and data.startswith(b"{") and b'"subject"' in data:
                document = json.loads(data)
                if document["subject"]["digest"] == self.what:
                    found.append({"mediaType": document["mediaType"], "digest": what, "size": len(data), "artifactType": document["artifactType"]})
        page = int(query.partition("=")[2] or 0)
        headers = {"Content_Type": "application/vnd.oci.image.index.v1+json"}
        if page + 1 < len(found):
            headers["Link"] = '</v2/%s/referrers/%s?page=%d>; rel="next"' % (self.repository, self.what, page + 1)
        self.answer(200, json.dumps({"schemaVersion": 2, "mediaType": headers["Content_Type"], "manifests": found[page : page + 1]}).encode(), **headers)

    def serve_blob(self, first):
        f, what = self.fault, self.what
        if (self.repository, what) in pushed:
            data = pushed[self.repository, what]
        elif not self.repository.endswith("/app"):
            return self.error(404, "BLOB_UNKNOWN")
        else:
            try:
                data = blob_file(what)
            except FileNotFoundError:
                return self.error(404, "BLOB_UNKNOWN")
        if len(data) < 4096:
            return self.answer(200, data)
        if f == "no-blob":
            return self.error(404, "BLOB_UNKNOWN")
        if f == "redirect":
            return self.answer(307, Location="http://127.0.0.1:%d/%s" % (self.other_port, what))
        if f == "redirect-loop":
            return self.answer(302, Location=self.path)
        if f == "redirect-file":
            return self.answer(302, Location="file:///etc/passwd")
        if f == "wrong" or (f == "wrong-once" and first):
            data = data[:5000] + bytes([data[5000] ^ 1]) + data[5001:]
        if f == "short":
            data = data[:-1]
        if f == "long":
            data = data + b"x"
        if f == "lying-length":
            self.answer(200, data[:-1], length=len(data))
            return self.cut()
        if f == "cut-forever":
            self.answer(200, b"", length=len(data))
            return self.cut()
        if f == "slow":
            self.answer(200, b"", length=len(data))
            for i in range(0, len(data), max(1, len(data) // 8)):
                self.wfile.write(data[i : i + max(1, len(data) // 8)])
                self.wfile.flush()
                time.sleep(0.1)
            return
        if f == "cut-wander":
            self.answer(200, data[: 100000 + 1000 * (7 * self.times("wander") % 10)], length=len(data))
            return self.cut()
        if f.startswith("cut"):
            return self.serve_cut(data)
        self.answer(200, data, Content_Type="application/octet-stream")

    def serve_cut(self, data):
        wanted = self.headers.get("Range")
        if not wanted:
            if self.times("whole" + self.path) > 0 or len(data) < 2:
                return self.answer(200, data)
            self.answer(200, data[: len(data) // 2], length=len(data))
            return self.cut()
        at = int(wanted.split("=")[1].split("-")[0])
        if self.fault == "cut-416":
            return self.error(416, "RANGE_INVALID")
        if self.fault == "cut-whole":
            return self.answer(200, data)
        if self.fault == "cut-lie":
            at += 1
        part = data[at:]
        self.answer(206, part, Content_Range="bytes %d-%d/%d" % (at, len(data) - 1, len(data)))

    def serve_elsewhere(self):
        if "Authorization" in self.headers:
            return self.answer(400, b"who are you telling this?")
        self.answer(200, blob_file(self.path[1:]))

    # --- pushing

    def push(self, kind, query, first):
        f = self.fault
        if f == "read-only":
            self.body()
            return self.error(405, "UNSUPPORTED")
        if f == "push-down" and self.times(self.command) == 0:
            self.body()
            return self.error(503, "UNAVAILABLE")
        if kind == "/manifests/":
            data = self.body()
            digest, headers = digest_of(data), {}
            if self.what.startswith("sha256-"):
                there = pushed.get((self.repository, self.what))
                wanted = self.headers.get("If-Match")
                if wanted and wanted != '"%s"' % digest_of(there or b""):
                    return self.error(412, "PRECONDITION_FAILED")
                if f == "forgets":
                    return self.answer(201, Docker_Content_Digest=digest)
                if f == "race" and self.times("other") == 0:
                    data = OTHERS_LIST
            if f == "lists" and "subject" in json.loads(data):
                headers["OCI_Subject"] = json.loads(data)["subject"]["digest"]
            pushed[self.repository, self.what] = pushed[self.repository, digest] = data
            if f == "stored-wrong":
                digest = "sha256:" + "0" * 64
            return self.answer(201, Docker_Content_Digest=digest, Location="/v2/%s/manifests/%s" % (self.repository, digest), **headers)
        params = dict(p.split("=", 1) for p in query.split("&") if "=" in p)
        if self.command == "POST":
            self.body()
            if "mount" in params and f == "mount":
                pushed[self.repository, params["mount"]] = blob_file(params["mount"])
                return self.answer(201, Docker_Content_Digest=params["mount"])
            with lock:
                name = "s%d" % (len(sessions) + 1)
                sessions[name] = b""
            return self.answer(202, Location="/v2/%s/blobs/uploads/%s?state=x" % (self.repository, name), Range="0-0")
        return self.take_bytes(params)

    def take_bytes(self, params):
        f, length = self.fault, int(self.headers.get("Content-Length") or 0)
        if f == "push-cut" and length > 1000 and self.times("body") == 0:
            self.rfile.read(1000)
            self.note(0)
            return self.cut()
        data = self.body()
        if f == "full" and length:
            return self.error(507, "DENIED")
        if f == "chunks" and self.command == "PUT" and length:
            return self.error(413, "SIZE_INVALID")
        if f == "lost" and self.command == "PUT" and self.times("lost" + params["digest"]) == 0:
            return self.error(404, "BLOB_UPLOAD_UNKNOWN")
        if self.what not in sessions:
            return self.error(404, "BLOB_UPLOAD_UNKNOWN")
        sessions[self.what] += data
        if self.command == "PATCH":
            end = len(sessions[self.what]) - 1
            return self.answer(202, Location="/v2/%s/blobs/uploads/%s?state=y" % (self.repository, self.what), Range="0-%d" % end)
        digest = params["digest"].replace("%3A", ":")
        if digest_of(sessions[self.what]) != digest:
            return self.error(400, "DIGEST_INVALID")
        pushed[self.repository, digest] = sessions[self.what]
        self.answer(201, Docker_Content_Digest=digest)


class Elsewhere(Handler):
    elsewhere = True


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        pass  # clients that hang up


other = Server(("127.0.0.1", 0), Elsewhere)
Handler.other_port = other.server_port
threading.Thread(target=other.serve_forever, daemon=True).start()
Server(("127.0.0.1", port), Handler).serve_forever()
