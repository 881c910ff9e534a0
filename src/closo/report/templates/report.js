const button = document.getElementById("open-all");
button.hidden = false;
button.addEventListener("click", () => {
  const open = button.getAttribute("aria-pressed") !== "true";
  for (const one of document.querySelectorAll("main details")) one.open = open;
  button.setAttribute("aria-pressed", String(open));
  button.textContent = open ? "Close all" : "Open all";
});
if (matchMedia("(max-width: 62rem)").matches) document.querySelector("nav details").open = false;
