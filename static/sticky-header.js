// The bar tells the headline in one line once the headline itself has scrolled away.

const bar = document.getElementById("bar");
const headline = document.getElementById("headline");

if (bar && headline) {
  const margin = `-${bar.offsetHeight}px 0px 0px 0px`;
  new IntersectionObserver(
    ([entry]) => {
      bar.toggleAttribute("data-stuck", !entry.isIntersecting);
      bar.querySelector("[data-headline]").hidden = entry.isIntersecting;
    },
    { rootMargin: margin },
  ).observe(headline);
}
