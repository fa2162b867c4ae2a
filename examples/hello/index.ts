/**
 * The smallest function: a handler from Request to Response. `GREETING` in its environment changes what it says.
 */
import { serve } from "@wick/sdk/function"

const greeting = process.env.GREETING ?? "Hello"

await serve((request) => {
  const name = new URL(request.url).searchParams.get("name") ?? "World"
  return new Response(`${greeting}, ${name}!\n`)
})
