/** What judges and changes writes between the API and the store: webhooks, policies, bounds. Part of the suite. */
import { topic } from "../topic.ts"
import { limiting, living, securing } from "./limits.ts"
import { policing } from "./policies.ts"
import { hooking } from "./webhooks.ts"

export const admission = topic("admission", hooking, policing, limiting, securing, living)
