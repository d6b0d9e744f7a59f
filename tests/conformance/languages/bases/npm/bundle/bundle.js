#!/usr/bin/env node
// bundle FROM TO: every file of FROM, with a line that says who made it.
const fs = require("fs"), path = require("path");
const [from, to] = process.argv.slice(2);
fs.mkdirSync(to, { recursive: true });
for (const name of fs.readdirSync(from).sort()) {
  const text = fs.readFileSync(path.join(from, name), "utf8");
  fs.writeFileSync(path.join(to, name), `/* made by bundle 2.1.0 */\n${text}`);
  console.log(`bundled ${name}`);
}
