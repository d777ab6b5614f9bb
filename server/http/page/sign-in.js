// The sign-in page: signs in, then opens the page that the address names with ?next=, a path of this server.

import { addressOf } from "./shared/address.js";
import { signInForm } from "./shared/token.js";

const start = addressOf("");
const next = new URL(new URLSearchParams(location.search).get("next") ?? "", start).href;

document.querySelector("main").append(signInForm("h1", "", () => location.assign(next.startsWith(start) ? next : start)));
document.querySelector("#token").focus();
