/** The addon's path, installed if need be; or why this machine cannot have it, with the remedy. */
export declare function ensureTensorFlowAddon(options?: {
  log?: (message: string) => void
}): Promise<{ path: string } | { missing: string }>
