/** The formats of whole numbers, as the API server knows them. */
export const formats = {
  int32: { type: 'number', validate: (n: number) => n >= -(2 ** 31) && n < 2 ** 31 },
  int64: { type: 'number', validate: (n: number) => n >= -(2 ** 63) && n < 2 ** 63 },
} as const
