"""forge.py - makes forged/ROW of the layout "signed", wrong in one way each, and lists the rows."""
import base64, hashlib, json, os, shutil, subprocess

NAME = "dev.cosignproject.cosign/signature"
signed = json.load(open("signed/index.json"))["manifests"]
image, sig = signed[0]["digest"], signed[1]


def blob(digest):
    return open("signed/blobs/" + digest.replace(":", "/"), "rb").read()


manifest = json.loads(blob(sig["digest"]))
layer = manifest["layers"][0]
payload = json.loads(blob(layer["digest"]))


def put(data):
    digest = hashlib.sha256(data).hexdigest()
    path = row + "/blobs/sha256/" + digest
    if os.path.exists(path):
        os.unlink(path)
    open(path, "wb").write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def sign(data, key="own"):
    done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", key + ".pem"], input=data, stdout=subprocess.PIPE, check=True)
    return base64.b64encode(done.stdout).decode()


def entry(data, signature, **more):
    return {"mediaType": layer["mediaType"], **put(data), "annotations": {NAME: signature}, **more}


def own(change):
    changed = json.loads(json.dumps(payload))
    change(changed["critical"])
    data = json.dumps(changed).encode()
    return entry(data, sign(data))


good = layer["annotations"][NAME]
text = blob(layer["digest"])
flipped = text.replace(b"cosign container", b"cosigN container")
half = base64.b64encode(base64.b64decode(good)[:30]).decode()
ROWS = {
    "other-key": lambda: [entry(text, sign(text, "other"))],
    "flipped-byte": lambda: [entry(flipped, good)],
    "cut-signature": lambda: [entry(text, half)],
    "no-base64": lambda: [entry(text, "!" + good[1:])],
    "no-signature": lambda: [{**entry(text, good), "annotations": {}}],
    "long-signature": lambda: [entry(text, good * 100)],
    "other-image": lambda: [own(lambda c: c["image"].update({"docker-manifest-digest": "sha256:" + "0" * 64}))],
    "no-digest": lambda: [own(lambda c: c["image"].update({"docker-manifest-digest": image[:-1]}))],
    "other-type": lambda: [own(lambda c: c.update(type="atomic container signature"))],
    "no-identity": lambda: [own(lambda c: c.pop("identity"))],
    "more-critical": lambda: [own(lambda c: c.update(expires="1970"))],
    "no-json": lambda: [entry(b"{", sign(b"{"))],
    "empty": lambda: [entry(b"", sign(b""))],
    "large": lambda: [entry(b" " * 100000, sign(b" " * 100000))],
    "lying-size": lambda: [entry(text, good, size=1 << 40)],
    "short-size": lambda: [entry(text, good, size=10)],
    "negative-size": lambda: [entry(text, good, size=-1)],
    "other-media-type": lambda: [entry(text, good, mediaType="text/plain")],
    "no-layers": lambda: [],
    "many": lambda: [entry(text, half, x=str(i)) for i in range(300)],
    "one-good": lambda: [entry(text, sign(text, "other")), entry(flipped, good), entry(text, half), layer],
    "missing": lambda: [{**entry(text, good), "digest": "sha256:" + "2" * 64}],
    "cut-blob": lambda: [entry(text, good)],
}

for name, layers in ROWS.items():
    row = "forged/" + name
    shutil.copytree("signed", row)
    manifest["layers"] = layers()
    sig.update(put(json.dumps(manifest).encode()))
    with open(row + "/index.json", "w") as f:
        json.dump({"schemaVersion": 2, "manifests": [signed[0], sig]}, f)
    if name == "cut-blob":
        path = row + "/blobs/" + layer["digest"].replace(":", "/")
        os.unlink(path)
        open(path, "wb").write(text[:-1])
    print(name)
