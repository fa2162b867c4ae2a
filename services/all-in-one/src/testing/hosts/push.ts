import { buildTestImages } from "../images.ts"

/** Run in a host's network: pushes the test images to the registry there, whose address is the argument. */
await buildTestImages(process.argv[2] ?? "127.0.0.1:5000")
