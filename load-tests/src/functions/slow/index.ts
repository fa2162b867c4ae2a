/** A function that answers after 100 ms, any number of requests at once. */
import { setTimeout } from "node:timers/promises"
import { serve } from "@wick/sdk/function"

await serve(() => setTimeout(100, "slow\n"))
