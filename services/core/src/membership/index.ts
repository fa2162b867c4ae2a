/**
 * How a host comes to have a control plane of a cluster that exists: what it shows to be let in, what it is handed, and
 * how members are listed and removed. Imports store, pki and apiserver. Imported by the compositions of core.
 */
export { imagesPath } from "./hand-over.ts"
export { type Invitation, invitationText, JoinError, readInvitation } from "./invitation.ts"
export { type JoinOptions, joinCluster } from "./join-cluster.ts"
export { type MembersDoor, openMembersDoor } from "./members-door.ts"
export { type Membership, readMembership, writeMembership } from "./membership-file.ts"
