import DefaultTheme from "vitepress/theme";
import { defineComponent, h, onMounted, ref } from "vue";
import "./style.css";

let count = 0;

/** A drawing: Mermaid makes it in the browser, in the colours that are chosen when the page is opened. */
const Diagram = defineComponent({
  props: { code: { type: String, required: true } },
  setup({ code }) {
    const svg = ref("");
    onMounted(async () => {
      const { default: mermaid } = await import("mermaid");
      const theme = document.documentElement.classList.contains("dark") ? "dark" : "neutral";
      mermaid.initialize({
        startOnLoad: false,
        securityLevel: "strict",
        theme,
      });
      ({ svg: svg.value } = await mermaid.render(
        `diagram${++count}`,
        decodeURIComponent(code),
      ));
    });
    return () => h("div", { class: "diagram", innerHTML: svg.value });
  },
});

export default {
  extends: DefaultTheme,
  enhanceApp(
    { app }: { app: { component(name: string, component: unknown): void } },
  ) {
    app.component("Diagram", Diagram);
  },
};
