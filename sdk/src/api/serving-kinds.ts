import { PodAutoscaler } from "./autoscaling-internal/pod-autoscaler.ts"
import type { Kind } from "./kind.ts"
import { Configuration } from "./serving/configuration.ts"
import { Revision } from "./serving/revision.ts"
import { Route } from "./serving/route.ts"
import { Service as KnativeService } from "./serving/service.ts"

/** Wick's own kinds: custom resources to the API, installed from k8s/crds. */
export const servingKinds: readonly Kind[] = [Configuration, Revision, Route, KnativeService, PodAutoscaler]
