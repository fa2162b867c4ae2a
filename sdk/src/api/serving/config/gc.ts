import { duration, int64, unlessDisabled } from "./reading.ts"
import { defineMap, setting } from "./setting.ts"

const count = unlessDisabled(int64)

/** Which old revisions are kept. Times are milliseconds. */
export const gcMap = defineMap(
  "config-gc",
  'Which old revisions are kept. A revision that gets traffic, is the latest ready one, or has the annotation serving.knative.dev/no-gc: "true" always is.',
  {
    "retain-since-create-time": setting(
      unlessDisabled(duration),
      "48h",
      "How long a revision is kept after it was made, or disabled.",
    ),
    "retain-since-last-active-time": setting(
      unlessDisabled(duration),
      "15h",
      "How long a revision is kept after a route last spoke of it, or disabled.",
    ),
    "min-non-active-revisions": setting(int64, "20", "So many without traffic are kept however old they are."),
    "max-non-active-revisions": setting(
      count,
      "1000",
      "No more than these are kept without traffic however young they are, or disabled.",
    ),
  },
  (values) => {
    const min = values["min-non-active-revisions"]
    const max = values["max-non-active-revisions"]
    return [
      ...(min < 0 ? [`min-non-active-revisions must be non-negative, was: ${min}`] : []),
      ...(max !== "disabled" && max < 0
        ? [`failed to parse max-non-active-revisions: strconv.ParseUint: parsing "${max}": invalid syntax`]
        : []),
      ...(max !== "disabled" && max >= 0 && min > max
        ? [`min-non-active-revisions(${min}) must be <= max-non-active-revisions(${max})`]
        : []),
    ]
  },
)
