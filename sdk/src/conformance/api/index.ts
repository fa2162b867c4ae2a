/** The verbs of the API on ordinary objects: what is written, refused, deleted, read and found. Part of the suite. */
import { topic } from "../topic.ts"
import { deleting } from "./deleting.ts"
import { discovery } from "./discovery.ts"
import { reading } from "./reading.ts"
import { subresources } from "./subresources.ts"
import { validation } from "./validation.ts"
import { writing } from "./writing.ts"

export const api = topic("api", writing, validation, deleting, reading, subresources, discovery)
