// Niceties only: every page works without this file. Words come from data attributes, so nothing is translated here.
document.body.classList.add("js-enabled", ...("noModule" in HTMLScriptElement.prototype ? ["govuk-frontend-supported"] : []));

const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
const say = (text) => {
  const status = document.getElementById("status");
  if (status) status.textContent = text;
};

each("[data-js]", (element) => { element.hidden = false; });

// <button data-copy="ID of an element, or the text itself" data-done="Tersalin">
each("[data-copy]", (button) => button.addEventListener("click", async () => {
  const source = document.getElementById(button.dataset.copy);
  const text = source ? source.value ?? source.innerText.trim() : button.dataset.copy;
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = button.dataset.done;
    say(button.dataset.done);
    setTimeout(() => { button.textContent = before; }, 3000);
  } catch {
    if (source) getSelection().selectAllChildren(source);
  }
}));

each("[data-print]", (button) => button.addEventListener("click", () => print()));

// <div data-refresh="3" id="…">: the same part of the same page is fetched anew until it no longer asks for it.
const refresh = (part) => setTimeout(async () => {
  try {
    const answer = await fetch(part.dataset.href ?? location.href, { headers: { Accept: "text/html" } });
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById(part.id);
    if (!answer.ok || !fresh) return;
    if (fresh.textContent !== part.textContent) part.replaceChildren(...fresh.childNodes);
    if (fresh.dataset.refresh) refresh(part);
  } catch {
    refresh(part);
  }
}, Number(part.dataset.refresh) * 1000);
each("[data-refresh]", (part) => { if (part.id) refresh(part); });

// <body data-idle-seconds="3600">: two minutes before the session ends the dialog asks; any answer from us extends it.
const idle = Number(document.body.dataset.idleSeconds);
const dialog = document.getElementById("idle");
if (idle && dialog?.showModal) {
  let timer;
  const wait = () => { timer = setTimeout(() => dialog.showModal(), Math.max(idle - 120, 20) * 1000); };
  wait();
  dialog.addEventListener("close", async () => {
    clearTimeout(timer);
    try {
      const answer = await fetch("/", { method: "HEAD" });
      if (!answer.redirected) return wait();
    } catch { /* the line is down: the next page will tell */ }
    location.reload();
  });
}

const { initAll } = await import(document.body.dataset.components);
initAll();
