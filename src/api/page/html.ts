export const PAGE_HTML = ''
