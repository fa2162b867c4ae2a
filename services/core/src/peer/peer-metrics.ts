import type { Metrics } from "@wick/sdk/metrics"
import type { MemberId } from "#raft"

/** Traffic with one peer, under the names by which dashboards of etcd know it. */
export interface PeerCounts {
  sent(bytes: number): void
  received(bytes: number): void
  sendFailed(): void
  receiveFailed(): void
  roundTrip(seconds: number): void
  /** A connection stands, or does no more. */
  active(is: boolean): void
  snapshotSent(seconds: number | "failed"): void
  snapshotReceived(seconds: number | "failed"): void
}

export type CountPeer = (peer: MemberId) => PeerCounts

const ignore = (): void => {}
const uncounted: PeerCounts = {
  sent: ignore,
  received: ignore,
  sendFailed: ignore,
  receiveFailed: ignore,
  roundTrip: ignore,
  active: ignore,
  snapshotSent: ignore,
  snapshotReceived: ignore,
}

/** Doubling from 0.1 ms to 3.2 s, as etcd's. */
const roundTripBuckets = Array.from({ length: 16 }, (_, at) => 0.0001 * 2 ** at)
/** Doubling from 0.1 s to 51.2 s, as etcd's. */
const snapshotBuckets = Array.from({ length: 10 }, (_, at) => 0.1 * 2 ** at)

export function countPeers(metrics: Metrics | undefined, own: MemberId): CountPeer {
  if (metrics === undefined) return () => uncounted
  const counter = (name: string, help: string) => metrics.counter(`etcd_network_${name}`, help)
  const histogram = (name: string, help: string, buckets: readonly number[]) =>
    metrics.histogram(`etcd_network_${name}`, help, buckets)
  const sent = counter("peer_sent_bytes_total", "Bytes sent to peers")
  const received = counter("peer_received_bytes_total", "Bytes received from peers")
  const sendFailed = counter("peer_sent_failures_total", "Messages to peers that were dropped")
  const receiveFailed = counter("peer_received_failures_total", "Connections of peers that were lost or malformed")
  const roundTrip = histogram("peer_round_trip_time_seconds", "Round trips to peers", roundTripBuckets)
  const active = metrics.gauge("etcd_network_active_peers", "Whether a peer is connected")
  const lost = counter("disconnected_peers_total", "Times that a peer was lost")
  const snapshotSent = counter("snapshot_send_success", "Snapshots sent")
  const snapshotFailed = counter("snapshot_send_failures", "Snapshots that could not be sent")
  const sendTime = histogram("snapshot_send_total_duration_seconds", "Time to send a snapshot", snapshotBuckets)
  const taken = counter("snapshot_receive_success", "Snapshots taken in")
  const notTaken = counter("snapshot_receive_failures", "Snapshots that could not be taken in")
  const takeTime = histogram("snapshot_receive_total_duration_seconds", "Time to take in a snapshot", snapshotBuckets)
  const local = nameOf(own)
  return (peer) => {
    const to = { To: nameOf(peer) }
    const from = { From: nameOf(peer) }
    const both = { Local: local, Remote: nameOf(peer) }
    // What every message counts is looked up once.
    const [sentTo, receivedFrom, roundTripTo] = [sent.with(to), received.with(from), roundTrip.with(to)]
    return {
      sent: (bytes) => sentTo.add(bytes),
      received: (bytes) => receivedFrom.add(bytes),
      sendFailed: () => sendFailed.with(to).add(),
      receiveFailed: () => receiveFailed.with(from).add(),
      roundTrip: (seconds) => roundTripTo.observe(seconds),
      active: (is) => {
        active.with(both).set(is ? 1 : 0)
        if (!is) lost.with(both).add()
      },
      snapshotSent: (seconds) => {
        if (seconds === "failed") return snapshotFailed.with(to).add()
        snapshotSent.with(to).add()
        sendTime.with(to).observe(seconds)
      },
      snapshotReceived: (seconds) => {
        if (seconds === "failed") return notTaken.with(from).add()
        taken.with(from).add()
        takeTime.with(from).observe(seconds)
      },
    }
  }
}

/** As etcd writes members: hexadecimal. */
function nameOf(member: MemberId): string {
  return member.toString(16)
}
