/**
 * The second version of hello: deployed under the same name it becomes a second revision, and traffic can be split.
 */
import { serve } from "@wick/sdk/function"

await serve((request) => {
  const name = new URL(request.url).searchParams.get("name") ?? "World"
  return Response.json({ greeting: `Hello from version 2, ${name}!`, revision: process.env.K_REVISION })
})
