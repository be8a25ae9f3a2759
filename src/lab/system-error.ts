/** Errors as Node makes them of the system's: `connect ECONNREFUSED 192.0.2.1:80`. */
import { type Endpoint, formatEndpoint } from '../net/wire/endpoint.ts';

export interface SystemError extends Error {
  readonly code: string;
  readonly syscall: string;
}

export function systemError(code: string, syscall: string, endpoint: Endpoint | null): SystemError {
  const where = endpoint === null ? '' : ` ${formatEndpoint(endpoint)}`;
  const fields = endpoint === null ? {} : { address: endpoint.ip, port: endpoint.port };
  return Object.assign(new Error(`${syscall} ${code}${where}`), { code, syscall, ...fields });
}
