export declare function build(env: Record<string, string | undefined>, ...filters: string[]): Promise<void>
