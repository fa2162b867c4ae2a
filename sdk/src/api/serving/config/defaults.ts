import { bool, int64, maybe, quantity, template } from "./reading.ts"
import { defineMap, setting, unset } from "./setting.ts"

const concurrencyCeiling = 2 ** 31 - 1
/** What a template of a container's name may speak of: the metadata of the object that is being named for. */
export const objectMetaTrial = {
  Name: "",
  Namespace: "",
  GenerateName: "",
  UID: "",
  Labels: new Map<string, string>(),
  Annotations: new Map<string, string>(),
}
const containerName = template("container-template", objectMetaTrial)

/** What a revision gets that it does not ask for, and how far it may ask. */
export const defaultsMap = defineMap(
  "config-defaults",
  "What a revision gets that it does not ask for, and how far it may ask.",
  {
    "revision-timeout-seconds": setting(
      int64,
      "300",
      "Seconds that a request may take as a whole, for revisions that set no timeoutSeconds.",
    ),
    "max-revision-timeout-seconds": setting(
      int64,
      "600",
      "The most that timeoutSeconds may be. Pods get as long to end; make sure that load balancers in front wait as long.",
    ),
    "revision-response-start-timeout-seconds": unset(
      int64,
      "300",
      "Seconds until the first byte of an answer, for revisions that do not say. Not set: as long as revision-timeout-seconds.",
    ),
    "revision-idle-timeout-seconds": setting(
      int64,
      "0",
      "Seconds that an answer may pause, for revisions that do not say. 0: no limit.",
    ),
    "revision-cpu-request": unset(quantity, "400m", "CPU that a container asks for when it does not say."),
    "revision-memory-request": unset(quantity, "100M", "Memory that a container asks for when it does not say."),
    "revision-ephemeral-storage-request": unset(
      quantity,
      "500M",
      "Local disk that a container asks for when it does not say.",
    ),
    "revision-cpu-limit": unset(quantity, "1000m", "CPU that a container is held to when it does not say."),
    "revision-memory-limit": unset(quantity, "200M", "Memory that a container is held to when it does not say."),
    "revision-ephemeral-storage-limit": unset(
      quantity,
      "750M",
      "Local disk that a container is held to when it does not say.",
    ),
    "container-name-template": setting(
      containerName,
      "user-container",
      "Name of a container without one: a Go template over the metadata of the object. With several containers a number follows.",
    ),
    "init-container-name-template": setting(
      containerName,
      "init-container",
      "The same for containers that run before the others.",
    ),
    "container-concurrency": setting(
      int64,
      "0",
      "Requests that a pod gets at a time, for revisions that do not say. 0: as many as come.",
    ),
    "container-concurrency-max-limit": setting(int64, "1000", "The most that containerConcurrency may be."),
    "allow-container-concurrency-zero": setting(bool, "true", "Whether containerConcurrency may be 0: no limit."),
    "enable-service-links": setting(
      maybe,
      "false",
      "Whether pods get variables for every Service of their namespace: true, false, or default (left to Kubernetes).",
    ),
  },
  (values) => {
    const timeout = values["revision-timeout-seconds"]
    const timeoutMax = values["max-revision-timeout-seconds"]
    const most = values["container-concurrency-max-limit"]
    const concurrency = values["container-concurrency"]
    const inner = (["revision-response-start-timeout-seconds", "revision-idle-timeout-seconds"] as const).filter(
      (key) => (values[key] ?? 0) > timeout,
    )
    return [
      ...(timeout > timeoutMax
        ? [`revision-timeout-seconds (${timeout}) cannot be greater than max-revision-timeout-seconds (${timeoutMax})`]
        : []),
      ...inner.map((key) => `${key} (${values[key]}) cannot be greater than revision-timeout-seconds (${timeout})`),
      ...(most < 1 ? [`expected 1 <= ${most} <= ${concurrencyCeiling}: container-concurrency-max-limit`] : []),
      ...(concurrency < 0 || concurrency > most
        ? [`expected 0 <= ${concurrency} <= ${most}: container-concurrency`]
        : []),
    ]
  },
)
