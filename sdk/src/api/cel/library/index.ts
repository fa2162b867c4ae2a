/** Every function that an expression may call: CEL's own and those that Kubernetes adds. */
import { FunctionTable } from "../function.ts"
import { addresses } from "./address.ts"
import { authorizerFunctions } from "./authorizer.ts"
import { conversions } from "./conversions.ts"
import { list } from "./list.ts"
import { namedFormats } from "./named-format.ts"
import { operators } from "./operators.ts"
import { optional } from "./optional.ts"
import { quantities } from "./quantity.ts"
import { regex } from "./regex.ts"
import { semanticVersions } from "./semantic-version.ts"
import { text } from "./text.ts"
import { time } from "./time.ts"
import { urls } from "./url.ts"

export const library = new FunctionTable([
  ...operators,
  ...conversions,
  ...text,
  ...list,
  ...regex,
  ...time,
  ...optional,
  ...urls,
  ...quantities,
  ...addresses,
  ...semanticVersions,
  ...namedFormats,
  ...authorizerFunctions,
])
