import * as z from "zod"

/** Paths of the API that are no resources; RBAC says who may ask for them. */
export const membersPath = "/cluster/members"
/** What this host's registry of images has, for those of other hosts: `/cluster/registry/v2/…`, to be read only. */
export const imagesPath = "/cluster/registry"
/** What anybody may read: the certificate of the cluster's authority. */
export const authorityPath = "/cluster/authority"

/** How a host asks to become a member. */
export const joinRequest = z.object({
  /** Of its node. */
  name: z.string().regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/),
  peerUrl: z.url({ protocol: /^https$/ }),
})
export type JoinRequest = z.output<typeof joinRequest>

/** What a new member is handed. */
export const handOver = z.object({
  id: z.int().min(1),
  peers: z.array(z.tuple([z.int().min(1), z.url()])),
  files: z.record(z.string(), z.string()),
  serviceCidr: z.string(),
  podCidrs: z.array(z.string()),
})
export type HandOver = z.output<typeof handOver>
