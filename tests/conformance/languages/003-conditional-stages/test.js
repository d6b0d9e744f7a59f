const assert = require("assert"), greeting = require("greeting");
assert.strictEqual(greeting("test"), "hello test");
require("fs").accessSync("dist/server.js");
console.log("1 test passed");
