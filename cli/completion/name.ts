/** Hidden: shells call it, and nobody else. */
export const COMPLETE = '__complete'
