/** What keys and barrier data can hold. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
