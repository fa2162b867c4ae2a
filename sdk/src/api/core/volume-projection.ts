import * as z from "zod"
import { atomicList, coreType, defaulted, flag, int32, int64, optional, required, text, textMap } from "../field.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { ObjectFieldSelector, ResourceFieldSelector } from "./env.ts"

/** 0644: mode of files in volumes unless told otherwise. */
export const fileModeDefault = 420
const tokenSecondsDefault = 3600

export const KeyToPath = coreType(
  "KeyToPath",
  "A key and the file that it becomes.",
  z.object({
    key: required(text, "Key to take."),
    path: required(text, "Relative path of the file."),
    mode: optional(int32, "Mode of the file; the volume's default when absent."),
  }),
)

export const DownwardAPIVolumeFile = coreType(
  "DownwardAPIVolumeFile",
  "A file that tells a fact of the pod.",
  z.object({
    path: required(text, "Relative path of the file."),
    fieldRef: optional(ObjectFieldSelector, "A field of the pod."),
    resourceFieldRef: optional(ResourceFieldSelector, "A resource of a container."),
    mode: optional(int32, "Mode of the file."),
  }),
)

const items = optional(z.array(KeyToPath), "Keys to take; all when absent.", atomicList)
const projection = {
  name: defaulted(text, "", "Name of the object."),
  items,
  optional: optional(flag, "Whether the object or its keys may be missing."),
}

export const SecretProjection = coreType("SecretProjection", "Files from a Secret.", z.object(projection))
export const ConfigMapProjection = coreType("ConfigMapProjection", "Files from a ConfigMap.", z.object(projection))
export const DownwardAPIProjection = coreType(
  "DownwardAPIProjection",
  "Files that tell facts of the pod.",
  z.object({ items: optional(z.array(DownwardAPIVolumeFile), "The files.", atomicList) }),
)
export const ServiceAccountTokenProjection = coreType(
  "ServiceAccountTokenProjection",
  "A token of the pod's service account, renewed in time.",
  z.object({
    audience: optional(text, "Whom the token is for; the API server when absent."),
    expirationSeconds: defaulted(int64, tokenSecondsDefault, "Seconds that the token is valid."),
    path: required(text, "Relative path of the file."),
  }),
)
export const ClusterTrustBundleProjection = coreType(
  "ClusterTrustBundleProjection",
  "Certificates of trusted authorities.",
  z.object({
    name: optional(text, "Name of one bundle."),
    signerName: optional(text, "All bundles of a signer."),
    labelSelector: optional(LabelSelector, "Which bundles of the signer."),
    optional: optional(flag, "Whether bundles may be missing."),
    path: required(text, "Relative path of the file."),
  }),
)

export const PodCertificateProjection = coreType(
  "PodCertificateProjection",
  "A private key and a certificate of the pod, renewed in time.",
  z.object({
    signerName: required(text, "Who signs."),
    keyType: required(text, "RSA3072, RSA4096, ECDSAP256, ECDSAP384, ECDSAP521 or ED25519."),
    maxExpirationSeconds: optional(int32, "Seconds that the certificate may at most be valid."),
    credentialBundlePath: optional(text, "Relative path of a file with key and certificates."),
    keyPath: optional(text, "Relative path of a file with the key."),
    certificateChainPath: optional(text, "Relative path of a file with the certificates."),
    userAnnotations: optional(textMap, "What the signer is told."),
  }),
)

export const VolumeProjection = coreType(
  "VolumeProjection",
  "A source of files; one of these.",
  z.object({
    secret: optional(SecretProjection, "A Secret."),
    downwardAPI: optional(DownwardAPIProjection, "Facts of the pod."),
    configMap: optional(ConfigMapProjection, "A ConfigMap."),
    serviceAccountToken: optional(ServiceAccountTokenProjection, "A token of the service account."),
    clusterTrustBundle: optional(ClusterTrustBundleProjection, "Trusted certificates."),
    podCertificate: optional(PodCertificateProjection, "A certificate of the pod."),
  }),
)

export const ProjectedVolumeSource = coreType(
  "ProjectedVolumeSource",
  "Several sources in one directory; the last wins.",
  z.object({
    sources: optional(z.array(VolumeProjection), "The sources.", atomicList),
    defaultMode: defaulted(int32, fileModeDefault, "Mode of the files."),
  }),
)

export const keyItems = items
