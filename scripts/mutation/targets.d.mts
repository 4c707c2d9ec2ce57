export function targets(): Promise<{ file: string; module: string; tests: string[]; backend: string }[]>
