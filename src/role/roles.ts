/** The processes that one instance is made of. */
export const roles = ['front', 'relay', 'writer'] as const;
export type Role = (typeof roles)[number];
