/**
 * The list of a lesson's sections, which shows the reader's position.
 *
 * @module
 */
/// <reference lib="dom" />

/** Marks the section that is being read. */
export function followOutline(): void {
  const links = new Map(
    Array.from(
      document.querySelectorAll<HTMLAnchorElement>('nav[aria-label="Contents"] a'),
      (link) => [link.hash.slice(1), link],
    ),
  );
  const headings = Array.from(document.querySelectorAll<HTMLElement>("h2[id]"));
  const passed = new Set<Element>(); // the headings above the middle third of the window
  // Past the top of the window they still count, so that a jump past a heading is noticed.
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) passed.add(target);
      else passed.delete(target);
    }
    const current = headings.findLast((heading) => passed.has(heading));
    for (const [id, link] of links) {
      if (id === current?.id) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "9999999px 0px -66% 0px" });
  headings.forEach((heading) => observer.observe(heading));
}
