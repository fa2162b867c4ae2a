/**
 * The program that holds a sandbox open: it lets the kernel reap whatever is handed to it as process 1 and sleeps until
 * it is killed. Small enough to be written out by hand, so no image has to be fetched from anywhere.
 *
 * A static ELF file has a header (64 bytes), one program header (56) that maps the whole file, and the code.
 */
const baseAddress = 0x400000n
const headerBytes = 64
const programHeaderBytes = 56

interface Machine {
  /** ELF's number of the architecture. */
  readonly machine: number
  readonly code: readonly number[]
}

/** sigaction(SIGCHLD, { SIG_IGN }), then pause() for ever. */
const amd64: Machine = {
  machine: 62,
  code: [
    ...[0x6a, 0x00, 0x6a, 0x00, 0x6a, 0x00, 0x6a, 0x01], // push mask 0, restorer 0, flags 0, handler SIG_IGN
    ...[0xb8, 13, 0, 0, 0], // mov eax, rt_sigaction
    ...[0xbf, 17, 0, 0, 0], // mov edi, SIGCHLD
    ...[0x48, 0x89, 0xe6], // mov rsi, rsp
    ...[0x31, 0xd2], // xor edx, edx
    ...[0x41, 0xba, 8, 0, 0, 0], // mov r10d, 8
    ...[0x0f, 0x05], // syscall
    ...[0xb8, 34, 0, 0, 0], // mov eax, pause
    ...[0x0f, 0x05], // syscall
    ...[0xeb, 0xf7], // jmp to the mov before
  ],
}

const arm64: Machine = {
  machine: 183,
  code: [
    0xa9bf7fff, // stp xzr, xzr, [sp, #-16]!   restorer, mask
    0xd2800029, // mov x9, SIG_IGN
    0xa9bf7fe9, // stp x9, xzr, [sp, #-16]!    handler, flags
    0xd2800220, // mov x0, SIGCHLD
    0x910003e1, // mov x1, sp
    0xd2800002, // mov x2, 0
    0xd2800103, // mov x3, 8
    0xd28010c8, // mov x8, rt_sigaction
    0xd4000001, // svc 0
    0xd2800000, // mov x0, 0                   ppoll of nothing, without end
    0xd2800001, // mov x1, 0
    0xd2800002, // mov x2, 0
    0xd2800003, // mov x3, 0
    0xd2800928, // mov x8, ppoll
    0xd4000001, // svc 0
    0x17fffffa, // b to the mov of x0
  ].flatMap((word) => [word & 255, (word >>> 8) & 255, (word >>> 16) & 255, word >>> 24]),
}

/** Pure. The bytes of the program for Node's name of an architecture, or `undefined` where we have none. */
export function pauseProgram(architecture: string): Buffer | undefined {
  const machine = architecture === "x64" ? amd64 : architecture === "arm64" ? arm64 : undefined
  if (!machine) return undefined
  const size = headerBytes + programHeaderBytes + machine.code.length
  const file = Buffer.alloc(size)
  const entry = baseAddress + BigInt(headerBytes + programHeaderBytes)
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]) // magic, 64 bits, little end first, version 1
  file.writeUInt16LE(2, 16) // executable
  file.writeUInt16LE(machine.machine, 18)
  file.writeUInt32LE(1, 20)
  file.writeBigUInt64LE(entry, 24)
  file.writeBigUInt64LE(BigInt(headerBytes), 32) // where the program header is
  file.writeUInt16LE(headerBytes, 52)
  file.writeUInt16LE(programHeaderBytes, 54)
  file.writeUInt16LE(1, 56) // one program header
  const header = headerBytes
  file.writeUInt32LE(1, header) // load
  file.writeUInt32LE(5, header + 4) // read and execute
  file.writeBigUInt64LE(baseAddress, header + 16)
  file.writeBigUInt64LE(baseAddress, header + 24)
  file.writeBigUInt64LE(BigInt(size), header + 32)
  file.writeBigUInt64LE(BigInt(size), header + 40)
  file.writeBigUInt64LE(0x1000n, header + 48)
  file.set(machine.code, headerBytes + programHeaderBytes)
  return file
}
