import { Metric } from "./autoscaling-internal/metric.ts"
import { PodAutoscaler } from "./autoscaling-internal/pod-autoscaler.ts"
import { Image } from "./caching-internal/image.ts"
import type { Kind } from "./kind.ts"
import { Certificate } from "./networking-internal/certificate.ts"
import { ClusterDomainClaim } from "./networking-internal/cluster-domain-claim.ts"
import { Ingress } from "./networking-internal/ingress.ts"
import { ServerlessService } from "./networking-internal/serverless-service.ts"
import { Configuration } from "./serving/configuration.ts"
import { DomainMapping } from "./serving/domain-mapping.ts"
import { Revision } from "./serving/revision.ts"
import { Route } from "./serving/route.ts"
import { Service as KnativeService } from "./serving/service.ts"

/** Wick's own kinds: custom resources to the API, installed from k8s/crds. */
export const servingKinds: readonly Kind[] = [
  Certificate,
  ClusterDomainClaim,
  Configuration,
  DomainMapping,
  Image,
  Ingress,
  KnativeService,
  Metric,
  PodAutoscaler,
  Revision,
  Route,
  ServerlessService,
]
