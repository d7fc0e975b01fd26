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
  const mark = () => {
    const current = headings.findLast((heading) => heading.getBoundingClientRect().top < innerHeight / 3);
    for (const [id, link] of links) {
      if (id === current?.id) link.setAttribute("aria-current", "location");
      else link.removeAttribute("aria-current");
    }
  };
  // A heading is seen as long as it is above the middle third, also after a jump past it.
  const observer = new IntersectionObserver(mark, { rootMargin: "9999999px 0px -66% 0px" });
  headings.forEach((heading) => observer.observe(heading));
}
