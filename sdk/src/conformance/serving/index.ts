/**
 * Knative Serving as its users see it, through the Kubernetes API and HTTP only.
 * Door of the topic; ../index.ts lets others in.
 */
import { type Topic, topic } from "../topic.ts"
import { admission } from "./admission.ts"
import { conditions } from "./conditions.ts"
import { defaulting } from "./defaulting.ts"
import { kn } from "./kn.ts"
import { limits } from "./limits.ts"
import { objects } from "./objects.ts"
import { observability } from "./observability.ts"
import { routing } from "./routing.ts"
import { runtime } from "./runtime.ts"
import { scaling } from "./scaling.ts"
import { settings } from "./settings.ts"
import { tls } from "./tls.ts"
import { upgrades } from "./upgrades.ts"
import { validation } from "./validation.ts"

export const serving: Topic = topic(
  "serving",
  ...[
    objects,
    defaulting,
    validation,
    admission,
    conditions,
    runtime,
    limits,
    upgrades,
    scaling,
    routing,
    settings,
    observability,
    kn,
    tls,
  ],
)
