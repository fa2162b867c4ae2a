import { expect, it } from "vitest"
import type { Revision } from "../../api/serving/revision.ts"
import { revisionFacts } from "./facts.ts"

it("a revision is told by what it runs and how it is scaled, never by what a Secret holds", () => {
  const revision = {
    metadata: { annotations: { "autoscaling.knative.dev/min-scale": "1", "serving.knative.dev/creator": "ann" } },
    spec: {
      containerConcurrency: 5,
      timeoutSeconds: 30,
      containers: [
        { name: "side", image: "s" },
        {
          name: "main",
          image: "m:1",
          command: ["node"],
          args: ["-e", "1"],
          ports: [{ name: "h2c", containerPort: 80 }],
          env: [
            { name: "A", value: "1" },
            { name: "B", valueFrom: { secretKeyRef: { name: "keys", key: "b" } } },
          ],
          envFrom: [{ configMapRef: { name: "settings" } }],
          volumeMounts: [{ mountPath: "/d", name: "v" }],
          resources: { limits: { cpu: "1" } },
        },
      ],
    },
    status: {
      actualReplicas: 1,
      desiredReplicas: 2,
      containerStatuses: [{ name: "main", imageDigest: "m@sha256:1" }],
    },
  } as unknown as Revision
  expect(Object.fromEntries(revisionFacts(revision).filter(([, value]) => value))).toEqual({
    Image: "m:1",
    Digest: "m@sha256:1",
    Sidecars: "side (s)",
    Command: "node -e 1",
    Port: "h2c:80",
    Env: "A=1, B=[secret:keys:b]",
    "Env from": "cm:settings",
    Mounts: "/d=v",
    Limits: "cpu=1",
    Concurrency: "5 at once",
    Timeout: "30s",
    Scaling: "min-scale=1",
    Replicas: "1 of 2",
  })
})
