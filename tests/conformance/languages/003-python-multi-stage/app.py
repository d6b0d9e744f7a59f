import os

import flask

app = flask.Flask(__name__)


@app.route("/<who>")
def hello(who):
    return "hello %s, user %d\n" % (who, os.getuid())
