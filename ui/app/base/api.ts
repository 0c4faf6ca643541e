// The API below api/v1/. Every failure is an ApiError with a sentence for the reader; whether the server answers at all is told
// in `reach`, once for all pages.
import {signal} from "@preact/signals";

import {link, type Params} from "./router";
import {millis, skew} from "./times";

export class ApiError extends Error {
  constructor(readonly code: string, message: string, readonly hint = "", readonly field = "", readonly status = 0) {
    super(message);
  }
}

// When the server was heard last, and since when it has not answered (0: it does).
export const reach = signal({heard: 0, silentSince: 0});

export function heard(): void {
  reach.value = {heard: Date.now(), silentSince: 0};
}

function silent(): void {
  if (reach.value.silentSince === 0) reach.value = {heard: reach.value.heard, silentSince: Date.now()};
}

const kPatience = 15000;

async function call<T>(path: string, params: Params, init: RequestInit, stop?: AbortSignal): Promise<T> {
  const limit = AbortSignal.timeout(kPatience);
  let response: Response;
  try {
    response = await fetch(new URL(`api/v1/${link(path, params)}`, document.baseURI), {
      ...init,
      signal: stop ? AbortSignal.any([stop, limit]) : limit,
    });
  } catch (error) {
    if (stop?.aborted) throw error;
    silent();
    throw new ApiError("silent", limit.aborted ? `Invar did not answer within ${kPatience / 1000} s.` : "Invar does not answer.");
  }
  heard();
  if (!response.ok) throw await failure(response);
  if (response.status === 204) return undefined as T;
  const body = await response.json().catch(() => {
    throw new ApiError("unreadable", "The answer of Invar could not be read.", "A proxy between may have changed it.");
  });
  const at = millis(body?.at);
  if (at !== null) skew.value = Math.abs(at - Date.now()) < 1500 ? 0 : at - Date.now();
  return body;
}

async function failure(response: Response): Promise<ApiError> {
  const {status} = response;
  if (status === 401) return new ApiError("password", "Invar asks for a password.", "Load the page again to enter it.", "", status);
  if (status === 403) return new ApiError("forbidden", "This is not allowed from here.", "Open Invar under its own address.", "", status);
  const body = await response.json().catch(() => null);
  const told = body?.error;
  if (told?.text) return new ApiError(told.code ?? "error", told.text, told.hint ?? "", told.field ?? "", status);
  if (status === 404) return new ApiError("unknown", "There is no such thing here.", "It may have gone with the last reload.", "", status);
  return new ApiError("status", `Invar answered ${status} ${response.statusText}`.trim() + ".", "", "", status);
}

export function get<T>(path: string, params: Params = {}, stop?: AbortSignal): Promise<T> {
  return call<T>(path, params, {}, stop);
}

export function post<T>(path: string, body: unknown = {}): Promise<T> {
  return call<T>(path, {}, {method: "POST", body: JSON.stringify(body), headers: {"Content-Type": "application/json"}});
}

export function remove<T>(path: string): Promise<T> {
  return call<T>(path, {}, {method: "DELETE", headers: {"Content-Type": "application/json"}});
}
