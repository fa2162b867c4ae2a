/** A function that prints when it starts and each path it is asked, and ends itself when asked for `/die`. */
export const talkative = `
console.log("born")
require("node:http").createServer((request, response) => {
  console.log("asked " + request.url)
  response.end("pid " + process.pid, () => request.url === "/die" && process.exit(3))
}).listen(process.env.PORT, process.env.HOST)
`
