/** Writes messages of PostgreSQL: what a client sends in `write-frontend.ts`, a server in `write-backend.ts`. */
export { type Complaint, complaintFields, writeBackend, writeDataRow } from './write-backend.ts'
export { writeFrontend, writeStartup } from './write-frontend.ts'
