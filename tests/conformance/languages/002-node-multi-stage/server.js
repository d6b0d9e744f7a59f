const http = require("http"), ms = require("ms");
const port = Number(process.env.PORT || 5000);
http.createServer((request, answer) => answer.end(`${ms(Number(request.url.slice(1)))}\n`))
  .listen(port, "127.0.0.1", () => console.log(`listening on ${port}`));
