import * as z from "zod"
import { atomicMap, coreType, defaulted, flag, optional, required, text } from "../field.ts"
import { Quantity } from "../meta/quantity.ts"

export const ObjectFieldSelector = coreType(
  "ObjectFieldSelector",
  "Selects a field of the pod.",
  z.object({
    apiVersion: defaulted(text, "v1", "Version of the schema that the path is written in."),
    fieldPath: required(text, "Path of the field, such as metadata.name."),
  }),
  atomicMap,
)

export const ResourceFieldSelector = coreType(
  "ResourceFieldSelector",
  "Selects a resource request or limit of a container.",
  z.object({
    containerName: optional(text, "Container; needed in volumes, the own one in environments."),
    resource: required(text, "Which one, such as limits.cpu."),
    divisor: defaulted(Quantity, "0", "Unit that the value is given in; 0 means 1."),
  }),
  atomicMap,
)

const keySelector = {
  name: defaulted(text, "", "Name of the object."),
  key: required(text, "Key to take."),
  optional: optional(flag, "Whether object or key may be missing."),
}

export const ConfigMapKeySelector = coreType(
  "ConfigMapKeySelector",
  "Selects a key of a ConfigMap.",
  z.object(keySelector),
  atomicMap,
)
export const SecretKeySelector = coreType(
  "SecretKeySelector",
  "Selects a key of a Secret.",
  z.object(keySelector),
  atomicMap,
)

export const FileKeySelector = coreType(
  "FileKeySelector",
  "Selects a variable of a file that an init container wrote.",
  z.object({
    volumeName: required(text, "Volume that the file is in."),
    path: required(text, "Relative path of the file."),
    key: required(text, "Variable to take."),
    optional: defaulted(flag, false, "Whether file or variable may be missing."),
  }),
  atomicMap,
)

export const EnvVarSource = coreType(
  "EnvVarSource",
  "Where the value of an environment variable comes from; one of these.",
  z.object({
    fieldRef: optional(ObjectFieldSelector, "A field of the pod."),
    resourceFieldRef: optional(ResourceFieldSelector, "A resource of the container."),
    configMapKeyRef: optional(ConfigMapKeySelector, "A key of a ConfigMap."),
    secretKeyRef: optional(SecretKeySelector, "A key of a Secret."),
    fileKeyRef: optional(FileKeySelector, "A variable of a file."),
  }),
)

export const EnvVar = coreType(
  "EnvVar",
  "An environment variable.",
  z.object({
    name: required(text, "Name of the variable."),
    value: optional(text, "Value; $(NAME) stands for a variable defined before."),
    valueFrom: optional(EnvVarSource, "Source of the value, instead of value."),
  }),
)
export type EnvVar = z.output<typeof EnvVar>

const envSource = {
  name: defaulted(text, "", "Name of the object."),
  optional: optional(flag, "Whether the object may be missing."),
}
export const ConfigMapEnvSource = coreType(
  "ConfigMapEnvSource",
  "A ConfigMap whose keys become variables.",
  z.object(envSource),
)
export const SecretEnvSource = coreType("SecretEnvSource", "A Secret whose keys become variables.", z.object(envSource))

export const EnvFromSource = coreType(
  "EnvFromSource",
  "An object whose keys become environment variables.",
  z.object({
    prefix: optional(text, "Put before every key."),
    configMapRef: optional(ConfigMapEnvSource, "The ConfigMap."),
    secretRef: optional(SecretEnvSource, "The Secret."),
  }),
)
export type EnvFromSource = z.output<typeof EnvFromSource>
