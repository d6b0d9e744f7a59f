const http = require("http"), fs = require("fs"), greeting = require("greeting");
const port = Number(process.env.PORT || 3000);
http.createServer((request, answer) => answer.end(
  request.url === "/" ? fs.readFileSync("public/index.html") : `${greeting(request.url.slice(1))}\n`))
  .listen(port, "127.0.0.1", () => console.log(`listening on ${port}`));
