// What the pages remember in this browser, and whether they may start cameras by themselves.

import { addressOf } from "./address.js";

const FOLDER = new URL(addressOf("")).pathname;
const KEY = `camweave ${FOLDER}`; // other programs on this host, below other paths, have the same storage
const A_YEAR_S = 31_536_000;

// Whether the server has seen that no foreign page has opened this one.
export const startsItself = document.documentElement.dataset.start === "yes";

export function recall() {
  try {
    return JSON.parse(localStorage.getItem(KEY)) ?? {};
  } catch {
    return {}; // no storage in this window, or not our words in it
  }
}

export function remember(changes) {
  try {
    localStorage.setItem(KEY, JSON.stringify({ ...recall(), ...changes }));
  } catch {
    // Without storage, the page forgets.
  }
}

// Lets pages of this server start by themselves from now on, after the user has started one. Browsers do not say over plain
// HTTP which page has opened another; but they never send this cookie when a foreign page has.
export function allowStart() {
  if (!isSecureContext) document.cookie = `camweave-start=1; SameSite=Strict; Max-Age=${A_YEAR_S}; Path=${FOLDER}`;
}
