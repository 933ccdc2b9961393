"""What a brief page may not do, whoever wrote what is in it: asked of the browser itself."""

from playwright.sync_api import Page

# hosts as the browser resolves them, beside the one that the page names; elements that only
# agents' text could have made; hidden characters that reached the screen; what left the page
LOOK = r"""() => {
  const brief = document.querySelector("article.brief");
  const links = [...brief.querySelectorAll("a[target]")].map(a => ({
    leads: a.protocol === "mailto:" ? a.href : a.host.replace(/^www\./, "www."),
    says: (a.nextElementSibling?.textContent ?? "").trim(),
    safe: a.rel.includes("noopener") && a.rel.includes("noreferrer"),
  }));
  const odd = [...brief.querySelectorAll(
    "script, img, style, iframe, object, embed, base, meta, form[action^=http], video, audio," +
    "svg:not(.icon)"
  )].map(e => e.outerHTML.slice(0, 120));
  const ours = "p.kind > a.reference[href^='/runs/run_']";
  const relative = [...brief.querySelectorAll("a[href]")].filter(
    a => !a.target && !a.matches(ours)
      && ![location.pathname, location.pathname + "/source"].includes(new URL(a.href).pathname)
  ).map(a => a.href);
  const text = brief.textContent;
  const hidden = (text.match(
    /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e0fff}]/gu
  ) ?? []).map(c => "U+" + c.codePointAt(0).toString(16));
  const rail = document.querySelector(".rail")?.getBoundingClientRect();
  const over = rail && [...brief.querySelectorAll("*")].filter(e => {
    const box = e.getBoundingClientRect();
    return box.width && innerWidth > 1000 && box.right > rail.left + 1
      && getComputedStyle(e.closest(".scroll, .evidence-body, .long, pre, .grid") ?? e)
        .overflowX === "visible";
  }).map(e => e.className || e.tagName);
  return {links, odd, relative, hidden, over,
    wide: document.documentElement.scrollWidth - innerWidth};
}"""


def objections(page: Page) -> list[str]:
    """Open everything on a brief's page and return what is wrong with it."""
    page.evaluate("document.querySelectorAll('article details').forEach(d => d.open = true)")
    seen = page.evaluate(LOOK)
    wrong = [
        f"{link['leads']} is announced as {link['says']}"
        for link in seen["links"]
        if f"[{link['leads']}]" != link["says"] and not link["leads"].startswith("mailto:")
    ]
    wrong += [f"unsafe link to {link['leads']}" for link in seen["links"] if not link["safe"]]
    wrong += [f"element {one}" for one in seen["odd"]]
    wrong += [f"leads into the product: {one}" for one in seen["relative"]]
    wrong += [f"hidden character {one}" for one in sorted(set(seen["hidden"]))]
    wrong += [f"lies over the decision: {one}" for one in seen["over"] or []]
    if seen["wide"] > 0:
        wrong.append(f"{seen['wide']} px too wide")
    return wrong
