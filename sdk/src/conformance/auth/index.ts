/** Who one is to the API and what one may: identities, reviews, RBAC, tokens. Part of the suite. */
import { topic } from "../topic.ts"
import { knowing } from "./identities.ts"
import { allowing, escalating } from "./rights.ts"
import { signing } from "./tokens.ts"

export const auth = topic("auth", knowing, allowing, escalating, signing)
