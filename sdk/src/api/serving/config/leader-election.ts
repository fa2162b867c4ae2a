import { goDuration } from "./go-duration.ts"
import { duration, int32 } from "./reading.ts"
import { defineMap, setting } from "./setting.ts"

const bucketsMax = 10

/** How one of several controllers leads. Times are milliseconds. */
export const leaderElectionMap = defineMap(
  "config-leader-election",
  "How one of several controllers leads.",
  {
    "lease-duration": setting(
      duration,
      "60s",
      "How long the others wait for a leader that has fallen silent.",
      "leaseDuration",
    ),
    "renew-deadline": setting(
      duration,
      "40s",
      "How long a leader tries to stay one before it gives up.",
      "renewDeadline",
    ),
    "retry-period": setting(duration, "10s", "How long between two tries.", "retryPeriod"),
    buckets: setting(
      int32,
      "1",
      "Parts that the keys of a controller are divided into, each with a leader of its own.",
    ),
  },
  (values) => {
    const { buckets, "lease-duration": lease, "renew-deadline": renew, "retry-period": retry } = values
    return [
      ...(buckets < 1 || buckets > bucketsMax
        ? [`buckets: value must be between 1 <= ${buckets} <= ${bucketsMax}`]
        : []),
      ...(lease <= renew
        ? [`lease-duration (${goDuration(lease)}) must be greater than renew-deadline (${goDuration(renew)})`]
        : []),
      ...(renew <= retry
        ? [`renew-deadline (${goDuration(renew)}) must be greater than retry-period (${goDuration(retry)})`]
        : []),
    ]
  },
)
