/** A function that answers after 100 ms, any number of requests at once. */
import { createServer } from "node:http"

createServer((_request, response) => setTimeout(() => response.end("slow\n"), 100)).listen(
  Number(process.env.PORT ?? 8080),
)
process.once("SIGTERM", () => process.exit(0))
