const http = require("http"), greeting = require("greeting");
const port = Number(process.env.PORT || 3000);
http.createServer((request, answer) => answer.end(`${greeting(request.url.slice(1))}, user ${process.getuid()}\n`))
  .listen(port, "127.0.0.1", () => console.log(`listening on ${port}`));
